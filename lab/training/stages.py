"""The three stages, one after the other."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray

from lab.training.architecture import Shape, build_model
from lab.training.dataset import LABELS, Clip
from lab.training.draw_weights import draw_weights, features
from lab.training.fit_head import fit_readout, write_readout
from lab.training.model_directory import LABEL_NAMES, Identity, write_model_directory
from lab.training.pretrain import pretrain_front_end
from lab.training.versions import SEED, varied

REVISION = "2026-11-23"
FRONT_END_STEPS = 4000
FRONT_END_VERSIONS = 8
"""Of each clip, for the front end: they are kept in memory."""

VERSIONS = 24
"""Of each clip, for the readout: itself and 23 distorted ones."""


def listener(clips: Sequence[Clip]) -> Emotion2vec:
    """Return a network that hears, trained on the sound of `clips` alone, without their labels."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    model = build_model(Shape(), len(LABELS))
    pretrain_front_end(model, varied(clips, FRONT_END_VERSIONS), FRONT_END_STEPS, np.random.default_rng(SEED))
    draw_weights(model, clips, torch.Generator().manual_seed(SEED))
    return model


def what_it_hears(model: Emotion2vec, clips: Sequence[Clip]) -> NDArray[np.float32]:
    """Return features [versions, clips, hidden] of a `listener`."""
    return features(model, clips, VERSIONS)


def publish(model: Emotion2vec, directory: Path, model_id: str, notice: str) -> None:
    """Write a network that was taught as the model directory that FunASR and Emoline load."""
    tokens = [LABEL_NAMES[label] for label in LABELS]
    write_model_directory(directory, Shape(), model.state_dict(), tokens, Identity(model_id, REVISION, notice))


def teach(model: Emotion2vec, heard: NDArray[np.float32], clips: Sequence[Clip]) -> None:
    """Give a `listener` the labels of `clips`, of which it has `heard` [versions, clips, hidden]."""
    labels = np.array([clip.label for clip in clips])
    write_readout(model, fit_readout(heard, labels, [clip.speaker for clip in clips]))
