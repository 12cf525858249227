"""The waveform of a recording: the lowest and the highest sample of every 20 ms, at 8 bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME
from shared.domain.segment import Segment

STEP = FRAME
"""Samples for each pair of peaks. Shorter steps cannot be seen in a picture of a minute."""

FULL_SCALE = 128
"""The value of a peak at full scale, 1.0."""

Peaks = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """The peaks of a stretch [start, end) of a recording, in samples at 16 kHz.

    `peaks` [parts, channels, 2] are the lowest and the highest value in parts of equal length, for each of the analysed
    `channels`, given by number.
    """

    channels: tuple[int, ...]
    start: int
    end: int
    peaks: Peaks

    def select_channels(self, channels: tuple[int, ...]) -> Self:
        """Return the waveform of some channels, in the order of `channels`."""
        columns = [self.channels.index(channel) for channel in channels]
        return replace(self, channels=channels, peaks=self.peaks[:, columns])

    def by_speaker(self, segments: Iterable[Segment]) -> Self:
        """Return the waveform of one channel with a channel for each of the `segments`, flat outside of its own."""
        in_order = list(segments)
        channels = tuple(sorted({segment.channel for segment in in_order}))
        peaks = np.zeros((len(self.peaks), len(channels), 2), np.int8)
        for segment in in_order:
            first, last = ((place - self.start) // STEP for place in (segment.start, segment.end))
            inside = slice(max(0, first), max(0, last + 1))
            peaks[inside, channels.index(segment.channel)] = self.peaks[inside, 0]
        return replace(self, channels=channels, peaks=peaks)

    def reduced(self, points: int) -> Self:
        """Return the waveform in at most `points` parts. No peak is lost, and none moves by more than a part."""
        parts = len(self.peaks)
        if parts <= points:
            return self
        edges = np.arange(points) * parts // points
        lowest, highest = np.moveaxis(self.peaks, -1, 0)
        peaks = np.stack([np.minimum.reduceat(lowest, edges), np.maximum.reduceat(highest, edges)], axis=-1)
        return replace(self, peaks=peaks)
