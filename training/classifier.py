"""Second stage: train everything behind the front end on its frames, which are computed once and kept.

The front end stands still here, so an epoch costs a fifth of what it would on waveforms.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from training.dataset import LABELS


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train. Chosen on training speakers only, see `training/README.md`."""

    cycles: int = 2
    """Times that the learning rate rises and falls; the second cycle starts where the first one ended."""
    epochs: int = 40
    """Of each cycle."""
    batch_size: int = 16
    peak_learning_rate: float = 1e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    crop_frames: tuple[int, int] = (60, 125)
    """Shortest and longest training example, in 20 ms frames; one length per batch."""
    weight_average_decay: float = 0.995


@dataclass(frozen=True)
class FrameBank:
    """Front-end frames of every training clip in several augmented versions."""

    versions: Sequence[Sequence[Tensor]]
    """`versions[v][c]` is clip c's version v, half precision [frames, channels]."""
    labels: NDArray[np.int_]
    """Label index of each clip."""


def train_classifier(model: Emotion2vec, bank: FrameBank, schedule: Schedule, rng: np.random.Generator) -> Emotion2vec:
    """Train `model` in place on `bank` and return a copy that holds the moving average of its last cycle."""
    for cycle in range(schedule.cycles):
        average = _train_one_cycle(model, bank, schedule, rng, f"classifier, cycle {cycle + 1}")
    return average


def _train_one_cycle(
    model: Emotion2vec, bank: FrameBank, schedule: Schedule, rng: np.random.Generator, description: str
) -> Emotion2vec:
    batches_per_epoch = len(bank.labels) // schedule.batch_size
    steps = schedule.epochs * batches_per_epoch
    with _frames_for_waveforms(model):
        optimiser = _optimiser(model, schedule)
        learning_rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, schedule.peak_learning_rate, total_steps=steps, pct_start=0.1
        )
        average = copy.deepcopy(model).eval()
        model.train()
        progress = tqdm(_batches(bank, schedule, steps, rng), total=steps, desc=description)
        for step, (frames, labels) in enumerate(progress):
            loss = F.cross_entropy(_logits(model, frames), labels, label_smoothing=schedule.label_smoothing)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            learning_rate.step()
            _average_weights(average, model, min(schedule.weight_average_decay, (1 + step) / (10 + step)))
            progress.set_postfix(loss=f"{loss.item():.3f}")
    average.modality_encoders["AUDIO"].local_encoder = model.modality_encoders["AUDIO"].local_encoder
    return average


def _optimiser(model: Emotion2vec, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW with decay on matrices only: biases, norms and attention scales go free."""
    parameters = list(model.parameters())
    matrices = [parameter for parameter in parameters if parameter.dim() in (2, 3)]
    others = [parameter for parameter in parameters if parameter.dim() not in (2, 3)]
    groups = [
        {"params": matrices, "weight_decay": schedule.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.peak_learning_rate)


@contextmanager
def _frames_for_waveforms(model: Emotion2vec) -> Iterator[None]:
    """Let `model.extract_features` take front-end frames [batch, channels, frames] for waveforms."""
    encoder = model.modality_encoders["AUDIO"]
    front_end, encoder.local_encoder = encoder.local_encoder, nn.Identity()
    try:
        yield
    finally:
        encoder.local_encoder = front_end


def _logits(model: Emotion2vec, frames: Tensor) -> Tensor:
    logits: Tensor = model.proj(model.extract_features(frames)["x"].mean(dim=1))
    return logits


@torch.no_grad()
def _average_weights(average: Emotion2vec, model: Emotion2vec, decay: float) -> None:
    for averaged, current in zip(average.parameters(), model.parameters(), strict=True):
        averaged.lerp_(current, 1 - decay)


def _batches(
    bank: FrameBank, schedule: Schedule, steps: int, rng: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield frames [batch, channels, frames] and labels [batch]."""
    chances = _clip_chances(bank.labels)
    labels = torch.from_numpy(bank.labels)
    for _ in range(steps):
        clips = rng.choice(len(chances), schedule.batch_size, p=chances)
        length = int(rng.integers(*schedule.crop_frames))
        versions = rng.integers(len(bank.versions), size=len(clips))
        crops = [_crop(bank.versions[v][c], length, rng) for v, c in zip(versions, clips, strict=True)]
        yield torch.stack(crops), labels[clips]


def _clip_chances(labels: NDArray[np.int_]) -> NDArray[np.float64]:
    """Draw rare labels more often: a label's share grows with the square root of its clips."""
    chances = 1 / np.sqrt(np.bincount(labels, minlength=len(LABELS))[labels])
    return np.asarray(chances / chances.sum())


def _crop(frames: Tensor, length: int, rng: np.random.Generator) -> Tensor:
    """Cut `length` frames, repeating a shorter clip; half the time, flatten up to half a second of them."""
    repeats = -(-length // len(frames))
    frames = frames.float().T.repeat(1, repeats)
    start = int(rng.integers(frames.shape[1] - length + 1))
    crop = frames[:, start : start + length].clone()
    if rng.random() < 0.5:
        hole = int(rng.integers(5, 25))
        start = int(rng.integers(length - hole))
        crop[:, start : start + hole] = crop.mean(dim=1, keepdim=True)
    return crop
