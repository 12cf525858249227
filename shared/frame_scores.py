"""The model's frames of 20 ms: plain arithmetic over the logits that are kept of each scored segment.

The model's head is linear, and a segment's scores are the softmax of the mean of its frames' logits. So the mean over
any other stretch of frames gives that stretch's scores in the same way: nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME, from_ms
from shared.domain.segment import Segment

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_AT_ONCE = 64
"""Segments whose frames are put into bins together: at most three megabytes of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Scores in bins of `hop_ms`, counted from the start of the recording: the n bins in which frames begin.

    They come channel by channel, `channel` [n], and in order of time: `start_ms` [n]. `segment` [n] is the index of the
    segment of a bin's first frame, `scores` [n, labels] are those of `labels`.
    """

    hop_ms: int
    labels: tuple[str, ...]
    channel: Integers
    start_ms: Integers
    segment: Integers
    scores: Floats

    def within(self, span_ms: range) -> Self:
        """The bins that begin within the span."""
        inside = (self.start_ms >= span_ms.start) & (self.start_ms < span_ms.stop)
        return replace(
            self,
            channel=self.channel[inside],
            start_ms=self.start_ms[inside],
            segment=self.segment[inside],
            scores=self.scores[inside],
        )


def softmax(logits: Floats) -> Floats:
    """Scores [..., labels] of logits [..., labels]."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    scores: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return scores


def grid(frames: Iterable[tuple[Segment, Floats]], labels: tuple[str, ...], hop_ms: int) -> Grid:
    """The grid of segments, which come in order of their start, each with its frames' logits [frames, labels].

    A frame counts for the bin in which it begins; a bin's scores are the softmax of the mean of its frames' logits.
    """
    parts = [_no_bins(len(labels)), *(_bins(some, from_ms(hop_ms)) for some in _batched(frames))]
    bins = _Bins._make(map(np.concatenate, zip(*parts, strict=True)))
    # Summed again, because two segments may meet within a bin.
    bins = _summed(_taken(bins, np.argsort(bins.channel, kind="stable")))
    counts: Floats = bins.frames[:, None].astype(np.float32)
    scores = softmax(bins.logits / counts)
    return Grid(hop_ms, labels, bins.channel, bins.number * hop_ms, bins.segment, scores)


class _Bins(NamedTuple):
    """Of each bin its channel, number, first segment and frames, all [n], and the sum of their logits [n, labels]."""

    channel: Integers
    number: Integers
    segment: Integers
    frames: Integers
    logits: Floats


def _batched(frames: Iterable[tuple[Segment, Floats]]) -> Iterator[list[tuple[Segment, Floats]]]:
    remaining = iter(frames)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some


def _no_bins(labels: int) -> _Bins:
    none = np.empty(0, np.int64)
    return _Bins(none, none, none, none, np.empty((0, labels), np.float32))


def _bins(frames: Sequence[tuple[Segment, Floats]], hop: int) -> _Bins:
    counts = [len(logits) for _, logits in frames]
    channel = np.repeat([segment.channel for segment, _ in frames], counts)
    index = np.repeat([segment.index for segment, _ in frames], counts)
    start = np.concatenate([segment.start + FRAME * np.arange(len(logits)) for segment, logits in frames])
    logits = np.concatenate([logits for _, logits in frames])
    return _summed(_Bins(channel, start // hop, index, np.ones(len(start), np.int64), logits))


def _summed(bins: _Bins) -> _Bins:
    """The same with neighbours of one channel and number added up."""
    changes = (np.diff(bins.channel, prepend=-1) != 0) | (np.diff(bins.number, prepend=-1) != 0)
    first = np.flatnonzero(changes)
    frames, logits = np.add.reduceat(bins.frames, first), np.add.reduceat(bins.logits, first)
    return _taken(bins, first)._replace(frames=frames, logits=logits)


def _taken(bins: _Bins, at: NDArray[np.intp]) -> _Bins:
    return _Bins._make(array[at] for array in bins)
