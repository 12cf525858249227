"""Columns of time in a picture: scores and emotions of a recording by column, averaged and never sampled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME, from_ms
from shared.domain.segment import Segment
from shared.frame_scores import Floats, softmax

_MIN_HOP = from_ms(100)
"""The least samples in a column, however wide the picture: five frames of the model."""

Span = tuple[int, int]
"""A half-open span of time, in samples."""


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """`count` columns of `hop` samples from the start of a recording, which may end within the last."""

    hop: int
    count: int

    @classmethod
    def for_duration(cls, duration: int, max_count: int) -> TimeColumns:
        """Divide `duration` samples into at most `max_count` columns, none under 100 ms."""
        hop = max(_MIN_HOP, -(-duration // max_count))
        return cls(hop, max(1, -(-duration // hop)))

    def average_scores(self, frames: Iterable[tuple[Segment, Floats]], labels: int) -> dict[int, Floats]:
        """Average by channel the scores [count, labels] of segments with their frames' logits [frames, labels].

        The part of one segment in a column is scored as any stretch of time is: by the softmax of the mean logits of
        the frames that begin in it. A column with parts of several segments has the mean of their scores, weighted by
        their frames; a column without frames has NaN.
        """
        sums: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, labels), np.float32))
        weights: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, 1), np.float32))
        for segment, logits in frames:
            column_of_frame = (segment.start + FRAME * np.arange(len(logits))) // self.hop
            columns, first_frames, counts = np.unique(column_of_frame, return_index=True, return_counts=True)
            lengths = counts[:, None].astype(np.float32)
            means: Floats = np.add.reduceat(logits, first_frames).astype(np.float32) / lengths
            sums[segment.channel][columns] += softmax(means) * lengths
            weights[segment.channel][columns] += lengths
        return {
            channel: np.divide(total, weights[channel], out=np.full_like(total, np.nan), where=weights[channel] > 0)
            for channel, total in sums.items()
        }

    def prevailing_kinds(self, spans: Iterable[tuple[Span, int]], kinds: int) -> NDArray[np.int64]:
        """Return the kind, from 0 to `kinds` - 1, that takes most of each column [count]; -1 where no span lies."""
        durations = np.zeros((self.count, kinds + 1))
        durations[:, kinds] = 1e-9  # shorter than any span, longer than none
        for (start, end), kind in spans:
            columns = np.arange(start // self.hop, min(-(-end // self.hop), self.count))
            durations[columns, kind] += np.minimum(end, (columns + 1) * self.hop) - np.maximum(
                start, columns * self.hop
            )
        prevailing = durations.argmax(axis=1)
        return np.where(prevailing == kinds, -1, prevailing)
