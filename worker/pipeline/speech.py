"""Where speech is: voice activity and level, on a grid of 10 ms."""

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
"""A half-open stretch of steps of the grid."""

_FLOOR_DB = -60.0
"""The gate is never lowered under this: there, recordings hold noise only."""
_BELOW_SPEECH_DB = 21.0
"""How far under the loud quarter of speech a quiet syllable may lie."""
_LOUD_PERCENTILE = 75
_REMEMBERED_BLOCKS = 6
_ENOUGH = 50
"""Voiced steps in ten seconds that tell their level: half a second."""
_FULL_SCALE = 32768.0


def levels(samples: Samples) -> Levels:
    """Level in dBFS of each whole step of `samples` [n]."""
    steps = samples[: len(samples) // HOP * HOP].reshape(-1, HOP).astype(np.float32) / _FULL_SCALE
    power = np.einsum("ij,ij->i", steps, steps) / HOP
    level: Levels = (10 * np.log10(power + 1e-12)).astype(np.float32)
    return level


class SpeechGate:
    """Keeps of what the voice detector passed what is loud enough to be speech.

    A fixed gate loses quiet speakers, so it follows the level of the voice over the last minute, or over the last ten
    seconds where that is lower, because nobody shall be lost who talks quietly after somebody loud. It is never over
    the user's `silence_db`; `strict` keeps it there. `threshold` is where it is, in dBFS.
    """

    def __init__(self, options: SegmentationOptions) -> None:
        self._options = options
        self._recent: deque[Levels] = deque(maxlen=_REMEMBERED_BLOCKS)
        self.threshold = options.silence_db

    def speech(self, voiced: Mask, level: Levels) -> Mask:
        """Which steps of the next ten seconds hold speech; all arrays [steps]."""
        self._recent.append(level[voiced])
        self.threshold = self._adapted()
        return voiced & (level > self.threshold)

    def _adapted(self) -> float:
        minute, now = np.concatenate(self._recent), self._recent[-1]
        if self._options.strict or not minute.size:
            return self._options.silence_db
        voice = _loud(minute) if len(now) < _ENOUGH else min(_loud(minute), _loud(now))
        return max(_FLOOR_DB, min(self._options.silence_db, voice - _BELOW_SPEECH_DB))


def _loud(level: Levels) -> float:
    return float(np.percentile(level, _LOUD_PERCENTILE))


def runs(mask: Mask) -> list[Run]:
    """The stretches of `mask` that are true."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def close_gaps(stretches: list[Run], shortest_gap: int) -> list[Run]:
    """The same stretches, those nearer to each other than `shortest_gap` steps joined."""
    joined: list[Run] = []
    for start, end in stretches:
        if joined and start - joined[-1][1] < shortest_gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
