"""Find speech by voice activity and level, on a grid of steps of 10 ms."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from shared.domain.options import SegmentationOptions
from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Samples

STEP_MS = 10
HOP = SAMPLE_RATE * STEP_MS // 1000
"""Samples per step of the grid."""

Mask = NDArray[np.bool_]
Levels = NDArray[np.float32]
Run = tuple[int, int]
"""A half-open range of steps of the grid."""

FLOOR_DB = -60.0
"""The gate is never lower than this: below it, recordings hold nothing but noise."""
_BELOW_SPEECH_DB = 21.0
"""Distance of the gate below the loud quarter of speech: quiet syllables pass."""
_LOUD_PERCENTILE = 75
_REMEMBERED_BLOCKS = 6
_ENOUGH = 50
"""Voiced steps in ten seconds, half a second, that are enough to know their level."""
_FULL_SCALE = 32768.0


def levels(samples: Samples) -> Levels:
    """The level in dBFS of each whole step of `samples` [n], [n // HOP]."""
    steps = samples[: len(samples) // HOP * HOP].reshape(-1, HOP).astype(np.float32)
    power = np.einsum("ij,ij->i", steps, steps) / HOP / _FULL_SCALE**2
    level: Levels = (10 * np.log10(power + 1e-12)).astype(np.float32)
    return level


def whole_frames(samples: Samples, frame: int) -> Samples:
    """The `samples` [n] with silence up to a multiple of `frame`; mostly, they are a multiple already."""
    missing = -len(samples) % frame
    return np.pad(samples, (0, missing)) if missing else samples


def mean_level(level: Levels) -> float:
    """The level in dBFS of the mean power of steps with the levels [steps]."""
    return float(10 * np.log10(np.mean(10 ** (level.astype(np.float64) / 10))))


class SpeechGate:
    """Passes the voiced steps that are loud enough to be speech.

    A fixed gate loses quiet speakers. So this one follows the level of the voice over the last minute, or over the last
    ten seconds if that is lower: a quiet speaker after a loud one must not be lost. It never exceeds the user's
    `silence_db`, and stays there if the options are `strict`. `threshold` is its present level in dBFS.
    """

    def __init__(self, options: SegmentationOptions) -> None:
        self._options = options
        self._recent: deque[Levels] = deque(maxlen=_REMEMBERED_BLOCKS)
        self.threshold = options.silence_db

    def speech(self, voiced: Mask, level: Levels) -> Mask:
        """Mark the speech in the next ten seconds, by voicing and level in dBFS; all arrays [steps]."""
        block = level[voiced]
        self._recent.append(block)
        minute = np.concatenate(self._recent)
        self.threshold = self._options.silence_db
        if minute.size and not self._options.strict:
            voice = float(np.percentile(minute, _LOUD_PERCENTILE))
            if len(block) >= _ENOUGH:
                voice = min(voice, float(np.percentile(block, _LOUD_PERCENTILE)))
            self.threshold = max(FLOOR_DB, min(self._options.silence_db, voice - _BELOW_SPEECH_DB))
        return voiced & (level > self.threshold)


def runs(mask: Mask) -> list[Run]:
    """The runs of True in `mask` [steps]."""
    padded = np.zeros(len(mask) + 2, np.bool_)
    padded[1:-1] = mask
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def close_gaps(separate: list[Run], shortest_gap: int) -> list[Run]:
    """Join the runs that are less than `shortest_gap` steps apart."""
    joined: list[Run] = []
    for start, end in separate:
        if joined and start - joined[-1][1] < shortest_gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
