"""Scores of the model's frames of 20 ms, and their grid, computed from the stored logits.

The model's head is linear, and the scores of a segment are the softmax of the mean of its frames' logits. The mean over
any other stretch of frames thus gives the scores of that stretch: nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME, from_ms
from shared.domain.segment import Segment

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_BATCH_SEGMENTS = 64
"""Segments whose frames are binned at once, at most three megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Scores in bins of `hop_ms`, counted from the start of the recording; only the n bins in which frames begin.

    The bins are sorted by `channel` [n], then by `start_ms` [n]. `segment` [n] is the index of the segment of a bin's
    first frame. `scores` [n, labels] are in the order of `labels`.
    """

    hop_ms: int
    labels: tuple[str, ...]
    channel: Integers
    start_ms: Integers
    segment: Integers
    scores: Floats

    def within(self, span_ms: range) -> Self:
        """Return the bins that begin within the span, in ms."""
        inside = (self.start_ms >= span_ms.start) & (self.start_ms < span_ms.stop)
        return replace(
            self,
            channel=self.channel[inside],
            start_ms=self.start_ms[inside],
            segment=self.segment[inside],
            scores=self.scores[inside],
        )


def softmax(logits: Floats) -> Floats:
    """Return the scores [..., labels] of logits [..., labels]."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    scores: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return scores


def grid(frames: Iterable[tuple[Segment, Floats]], labels: tuple[str, ...], hop_ms: int) -> Grid:
    """Compute the grid of segments, which come in order of their start with their logits [frames, labels].

    A frame belongs to the bin in which it begins. The scores of a bin are the softmax of its mean logits.
    """
    empty = np.empty(0, np.int64)
    parts = [_Bins(empty, empty, empty, empty, np.empty((0, len(labels)), np.float32))]
    remaining = iter(frames)
    while batch := list(islice(remaining, _BATCH_SEGMENTS)):
        parts.append(_bins(batch, from_ms(hop_ms)))
    bins = _Bins._make(map(np.concatenate, zip(*parts, strict=True)))
    # Two segments may share a bin, so bins are summed once more.
    bins = _add_neighbours(_select(bins, np.argsort(bins.channel, kind="stable")))
    counts: Floats = bins.frames[:, None].astype(np.float32)
    scores = softmax(bins.logits / counts)
    return Grid(hop_ms, labels, bins.channel, bins.number * hop_ms, bins.segment, scores)


class _Bins(NamedTuple):
    """The channel, number, first segment and number of frames of each bin, [n], and the sums of logits [n, labels]."""

    channel: Integers
    number: Integers
    segment: Integers
    frames: Integers
    logits: Floats


def _bins(frames: Sequence[tuple[Segment, Floats]], hop: int) -> _Bins:
    counts = [len(logits) for _, logits in frames]
    channel = np.repeat([segment.channel for segment, _ in frames], counts)
    index = np.repeat([segment.index for segment, _ in frames], counts)
    start = np.concatenate([segment.start + FRAME * np.arange(len(logits)) for segment, logits in frames])
    logits = np.concatenate([logits for _, logits in frames])
    return _add_neighbours(_Bins(channel, start // hop, index, np.ones(len(start), np.int64), logits))


def _add_neighbours(bins: _Bins) -> _Bins:
    """Add up neighbouring bins of one channel and number."""
    changes = (np.diff(bins.channel, prepend=-1) != 0) | (np.diff(bins.number, prepend=-1) != 0)
    first = np.flatnonzero(changes)
    frames, logits = np.add.reduceat(bins.frames, first), np.add.reduceat(bins.logits, first)
    return _select(bins, first)._replace(frames=frames, logits=logits)


def _select(bins: _Bins, at: NDArray[np.intp]) -> _Bins:
    return _Bins._make(array[at] for array in bins)
