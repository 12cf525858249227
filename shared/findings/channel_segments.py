"""The analysed segments of a channel as arrays: the input of the other findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.segment import SegmentResult

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSegments:
    """The analysed segments of a channel, in order of their start; every array and tuple has an entry for each [n].

    `start`, `end` and `speech` are samples at 16 kHz. `scores` [n, labels] are in the order of `labels`, zero for a
    label that a segment lacks; a corrected segment has one for its correction.
    """

    channel: int
    labels: tuple[str, ...]
    index: Integers
    start: Integers
    end: Integers
    speech: Integers
    scores: Reals
    emotion: tuple[str, ...]
    confidence: Reals

    @classmethod
    def from_results(cls, results: Iterable[SegmentResult], labels: tuple[str, ...]) -> Self:
        """Make the arrays of analysed segments of one channel, of which there is one at least."""
        results = sorted(results, key=lambda result: result.segment.start)
        segments = [result.segment for result in results]
        outcomes = [result.outcome for result in results]
        effective_scores = [result.effective_scores for result in results]
        return cls(
            channel=segments[0].channel,
            labels=labels,
            index=np.array([segment.index for segment in segments], np.int64),
            start=np.array([segment.start for segment in segments], np.int64),
            end=np.array([segment.end for segment in segments], np.int64),
            speech=np.array([segment.speech for segment in segments], np.int64),
            scores=np.array([[scores.get(label, 0.0) for label in labels] for scores in effective_scores]),
            emotion=tuple(outcome.emotion for outcome in outcomes),
            confidence=np.array([outcome.confidence for outcome in outcomes], np.float64),
        )


def split_channels(analysed: Iterable[SegmentResult]) -> list[ChannelSegments]:
    """Return the segments of each channel that has any, in the order of the channels.

    `analysed` have scores, as `shared.domain.timeline.confident` returns them. All channels have the same labels, in
    the order in which the segments name them.
    """
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    labels: dict[str, None] = {}
    for result in analysed:
        by_channel[result.segment.channel].append(result)
        labels |= dict.fromkeys((*(result.outcome.scores or ()), *result.effective_scores))
    return [ChannelSegments.from_results(by_channel[channel], tuple(labels)) for channel in sorted(by_channel)]


def pair_ranges(first: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Pair each number k [n] with the `counts[k]` numbers from `first[k]` on: return both sides of the pairs."""
    sources = np.repeat(np.arange(len(counts)), counts)
    targets = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts) + first[sources]
    return sources, targets
