"""The waveform of a recording: the lowest and the highest sample of every 20 ms, at 8 bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME

STEP = FRAME
"""Samples of which there is one pair. Nothing shorter can be told from its neighbours in a picture of a minute."""

FULL_SCALE = 128
"""The value of a peak that stands for 1.0."""

Peaks = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Peaks of a stretch [start, end) of a recording, in samples, in parts of equal length.

    `peaks` [parts, channels, 2] hold the lowest and the highest value in each part of each of `channels`, which are the
    numbers of those that are analysed.
    """

    channels: tuple[int, ...]
    start: int
    end: int
    peaks: Peaks

    def of(self, channels: tuple[int, ...]) -> Self:
        """The same of some of its channels."""
        columns = [self.channels.index(channel) for channel in channels]
        return replace(self, channels=channels, peaks=self.peaks[:, columns])

    def reduced(self, points: int) -> Self:
        """The same in `points` parts, unless it has fewer: no peak is lost, and none moves by over a part."""
        parts = len(self.peaks)
        if parts <= points:
            return self
        edges = np.arange(points) * parts // points
        lowest, highest = np.moveaxis(self.peaks, -1, 0)
        peaks = np.stack([np.minimum.reduceat(lowest, edges), np.maximum.reduceat(highest, edges)], axis=-1)
        return replace(self, peaks=peaks)
