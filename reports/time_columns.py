"""What a recording is in the columns of a picture: scores and emotions by time, averaged and never sampled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME, from_ms
from shared.domain.segment import Segment
from shared.frame_scores import Floats, softmax

_SHORTEST = from_ms(100)
"""Samples in a column, in a picture that has room for more: five frames of the model."""

Stretch = tuple[int, int]
"""A half-open stretch of time, in samples."""


@dataclass(frozen=True, slots=True)
class Columns:
    """`count` columns of `hop` samples, from the start of a recording; the last may be only partly of it."""

    hop: int
    count: int

    @classmethod
    def within(cls, duration: int, most: int) -> Columns:
        """As many for `duration` samples as there may be at most, none of them under 100 ms."""
        hop = max(_SHORTEST, -(-duration // most))
        return cls(hop, max(1, -(-duration // hop)))

    def scores(self, frames: Iterable[tuple[Segment, Floats]], labels: int) -> dict[int, Floats]:
        """By channel the scores [count, labels] of segments with their frames' logits [frames, labels].

        What a column has of one segment is scored as any stretch is: by the softmax of the mean logits of the frames
        that begin in it. Where a column has parts of several, it has the mean of their scores, by their frames; NaN
        where it has none.
        """
        sums: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, labels), np.float32))
        weights: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, 1), np.float32))
        for segment, logits in frames:
            at, lengths, scores = self._of_segment(segment, logits)
            sums[segment.channel][at] += scores * lengths
            weights[segment.channel][at] += lengths
        return {channel: _divided(total, weights[channel]) for channel, total in sums.items()}

    def _of_segment(self, segment: Segment, logits: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        """The columns [n] in which its frames begin, how many in each [n, 1], and what they score there [n, labels]."""
        column = (segment.start + FRAME * np.arange(len(logits))) // self.hop
        at, first, counts = np.unique(column, return_index=True, return_counts=True)
        lengths = counts[:, None].astype(np.float32)
        means: Floats = np.add.reduceat(logits, first).astype(np.float32) / lengths
        return at, lengths, softmax(means)

    def most(self, stretches: Iterable[tuple[Stretch, int]], kinds: int) -> NDArray[np.int64]:
        """In each column [count] the kind, under `kinds`, of the stretches that take most of it; -1 where none lies."""
        taken = np.zeros((self.count, kinds + 1))
        taken[:, kinds] = 1e-9  # less than any stretch, more than none
        for (start, end), kind in stretches:
            at = np.arange(start // self.hop, min(-(-end // self.hop), self.count))
            taken[at, kind] += np.minimum(end, (at + 1) * self.hop) - np.maximum(start, at * self.hop)
        found = taken.argmax(axis=1)
        return np.where(found == kinds, -1, found)


def _divided(sums: Floats, weights: Floats) -> Floats:
    return np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
