"""The three stages of training, and writing the trained model."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray

from lab.training.architecture import Shape, build_model
from lab.training.dataset import LABELS, Clip
from lab.training.draw_weights import draw_weights, mean_hidden_units
from lab.training.fit_head import fit_readout, write_readout
from lab.training.model_directory import LABEL_NAMES, Identity, write_model_directory
from lab.training.pretrain import pretrain_front_end
from lab.training.versions import SEED, varied

REVISION = "2026-11-23"
FRONT_END_STEPS = 4000
FRONT_END_VERSIONS = 8
"""Versions of each clip for the front end, all in memory."""

VERSIONS = 24
"""Versions of each clip for the readout: the clip and 23 distorted ones."""


def pretrain(clips: Sequence[Clip]) -> Emotion2vec:
    """Return a network without a head, trained and drawn from the sound of `clips` alone, without their labels."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    model = build_model(Shape(), len(LABELS))
    pretrain_front_end(model, varied(clips, FRONT_END_VERSIONS), FRONT_END_STEPS, np.random.default_rng(SEED))
    draw_weights(model, clips, torch.Generator().manual_seed(SEED))
    return model


def extract_features(model: Emotion2vec, clips: Sequence[Clip]) -> NDArray[np.float32]:
    """Return the features [versions, clips, hidden] of `clips` from a pretrained network."""
    return mean_hidden_units(model, clips, VERSIONS)


def fit_head(model: Emotion2vec, features: NDArray[np.float32], clips: Sequence[Clip]) -> None:
    """Fit the head of a pretrained network to the labels of `clips` and their `features` [versions, clips, hidden]."""
    labels = np.array([clip.label for clip in clips])
    write_readout(model, fit_readout(features, labels, [clip.speaker for clip in clips]))


def publish(model: Emotion2vec, directory: Path, model_id: str, notice: str) -> None:
    """Write a trained network as the model directory that FunASR and Emoline load."""
    tokens = [LABEL_NAMES[label] for label in LABELS]
    write_model_directory(directory, Shape(), model.state_dict(), tokens, Identity(model_id, REVISION, notice))
