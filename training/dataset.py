"""EmoDB as 16 kHz waveforms with our labels, split by speaker."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.architecture import SAMPLE_RATE

Waveform = NDArray[np.float32]
"""Mono samples in [-1, 1] at `SAMPLE_RATE`, shape [samples]."""

LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad")
"""The head's outputs in order; EmoDB's boredom is `other`."""

HELD_OUT_SPEAKERS = frozenset({"13", "16"})
"""Reported once at the end; they choose nothing."""


@dataclass(frozen=True)
class Clip:
    """One recorded sentence."""

    path: Path
    waveform: Waveform
    label: int
    """Index into `LABELS`."""
    speaker: str


def load_clips(folder: Path) -> list[Clip]:
    """Read every clip that `folder/labels.csv` lists, in the order of its lines.

    Raises FileNotFoundError when a file is missing and ValueError when one is not mono at `SAMPLE_RATE`.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        return [_load_clip(folder, row) for row in csv.DictReader(lines)]


def not_of_speakers(clips: list[Clip], speakers: Collection[str]) -> list[Clip]:
    """Return the clips that none of these speakers spoke."""
    return [clip for clip in clips if clip.speaker not in speakers]


def _load_clip(folder: Path, row: dict[str, str]) -> Clip:
    path = folder / row["file"]
    waveform, sample_rate = soundfile.read(path, dtype="float32")
    if waveform.ndim != 1 or sample_rate != SAMPLE_RATE:
        raise ValueError(f"{path} is not mono at {SAMPLE_RATE} Hz")
    return Clip(path, waveform, LABELS.index(row["emotion"]), row["speaker"])
