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

_LEAST_LOGIT = -1e4
"""Stands for the logit of a label that a segment lacks, which is minus infinity: a score of zero too."""

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

    def average_scores(self, frames: Iterable[tuple[Segment, Floats]], labels: int, window: int) -> dict[int, Floats]:
        """Average by channel the scores [count, labels] of segments with their frames' logits [frames, labels].

        A column has the scores of the `window` samples around it, at least a column. The part of one segment in a
        window is scored as any stretch of time is: by the softmax of the mean logits of the frames that begin in it. A
        window with parts of several segments has the mean of their scores, weighted by their frames; a column in which
        no frame begins has NaN.
        """
        sums: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, labels), np.float32))
        weights: dict[int, Floats] = defaultdict(lambda: np.zeros((self.count, 1), np.float32))
        voiced: dict[int, NDArray[np.bool_]] = defaultdict(lambda: np.zeros(self.count, np.bool_))
        margin = (window - self.hop) // 2
        for segment, logits in frames:
            last_frame = segment.start + FRAME * (len(logits) - 1)
            voiced[segment.channel][(segment.start + FRAME * np.arange(len(logits))) // self.hop] = True
            first = max((segment.start - margin) // self.hop, 0)
            columns = np.arange(first, min((last_frame + margin) // self.hop, self.count - 1) + 1)
            # The first frame that begins at each bound of the windows, or after it.
            bounds = np.stack([columns * self.hop - margin, (columns + 1) * self.hop + margin])
            begin, end = np.clip(-(-(bounds - segment.start) // FRAME), 0, len(logits))
            inside = end > begin
            columns, begin, end = columns[inside], begin[inside], end[inside]
            until = np.vstack([np.zeros(labels), np.maximum(logits, _LEAST_LOGIT).cumsum(axis=0, dtype=np.float64)])
            lengths = (end - begin)[:, None].astype(np.float32)
            means: Floats = ((until[end] - until[begin]) / lengths).astype(np.float32)
            sums[segment.channel][columns] += softmax(means) * lengths
            weights[segment.channel][columns] += lengths
        return {
            channel: np.divide(total, weights[channel], out=np.full_like(total, np.nan), where=voiced[channel][:, None])
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
