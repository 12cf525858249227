"""EmoDB as 16 kHz waveforms with our labels, split by speaker."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.training.architecture import SAMPLE_RATE

Waveform = NDArray[np.float32]
"""Mono samples in [-1, 1] at `SAMPLE_RATE`, shape [samples]."""

LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad")
"""The head's outputs in order; EmoDB's boredom is `other`."""


@dataclass(frozen=True)
class Clip:
    """One recorded sentence; `number` is its place in the table."""

    number: int
    waveform: Waveform
    label: int
    """Index into `LABELS`."""
    speaker: str


def load_clips(folder: Path) -> list[Clip]:
    """Read every clip that `folder/labels.csv` lists, in the order of its lines.

    Raises FileNotFoundError when a file is missing and ValueError when one is not mono at `SAMPLE_RATE`.
    """
    clips = []
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            path = folder / row["file"]
            waveform, sample_rate = soundfile.read(path, dtype="float32")
            if waveform.ndim != 1 or sample_rate != SAMPLE_RATE:
                raise ValueError(f"{path} is not mono at {SAMPLE_RATE} Hz")
            clips.append(Clip(number, waveform, LABELS.index(row["emotion"]), row["speaker"]))
    return clips
