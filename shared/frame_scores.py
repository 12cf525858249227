"""Scores of the model's frames of 20 ms, and their grid, computed from the stored logits.

The model's head is linear, and the scores of a segment are the softmax of the mean of its frames' logits. The mean over
any other stretch of frames thus gives the scores of that stretch: nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from shared.domain.recording import FRAME, from_ms
from shared.domain.segment import Segment

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Scores = Floats | NDArray[np.uint16]
"""Scores as they are, or packed by `pack_scores`."""

PACKED = 10_000
"""The packed score that stands for 1."""
_KEPT_BYTES = 16 << 20
"""Scores of two and a half hours in bins of 20 ms, with nine labels."""
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
    parts = [_grid_of(_no_bins(labels), labels, hop_ms), *grid_parts(frames, labels, hop_ms)]
    channel, start_ms, segment, scores = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("channel", "start_ms", "segment", "scores")
    )
    order = np.argsort(channel, kind="stable")
    return Grid(hop_ms, labels, channel[order], start_ms[order], segment[order], scores[order])


def grid_parts(frames: Iterable[tuple[Segment, Floats]], labels: tuple[str, ...], hop_ms: int) -> Iterator[Grid]:
    """Yield the grid of `grid` in parts, of which each channel's bins follow those of the part before."""
    open_bins = _no_bins(labels)
    remaining = iter(frames)
    while batch := list(islice(remaining, _BATCH_SEGMENTS)):
        pair: tuple[Any, Any] = (open_bins, _bins(batch, from_ms(hop_ms)))
        bins = _Bins._make(map(np.concatenate, zip(*pair, strict=True)))
        bins = _add_neighbours(_select(bins, np.argsort(bins.channel, kind="stable")))
        # The next segments may share the last bin of a channel.
        last = np.diff(bins.channel, append=-1) != 0
        open_bins = _select(bins, np.flatnonzero(last))
        yield _grid_of(_select(bins, np.flatnonzero(~last)), labels, hop_ms)
    yield _grid_of(open_bins, labels, hop_ms)


class Runs(NamedTuple):
    """Whole numbers that rise by `step` within each run: the first of each run and the lengths, both [runs]."""

    first: NDArray[np.int32]
    length: NDArray[np.int32]
    step: int

    @classmethod
    def from_values(cls, values: Integers, step: int) -> Self:
        """Return the runs of values, of which there is at least one."""
        starts = np.flatnonzero(np.diff(values, prepend=values[0] - step - 1) != step)
        length = np.diff(starts, append=len(values))
        return cls(values[starts].astype(np.int32), length.astype(np.int32), step)

    def values(self) -> Integers:
        """Return the numbers."""
        within = np.arange(self.length.sum()) - np.repeat(np.cumsum(self.length) - self.length, self.length)
        numbers: Integers = np.repeat(self.first, self.length).astype(np.int64) + self.step * within
        return numbers


class LongGrid:
    """A grid in little memory, in parts: numbers of bins and segments as runs, and the first scores.

    Where the scores are more than are kept, as for a day in frames of 20 ms, none is, and those of a channel are
    computed anew when they are asked for: `again` returns the parts of a channel.
    """

    def __init__(self, parts: Iterable[Grid], again: Callable[[int], Iterable[Grid]]) -> None:
        self.length = 0
        self._bins: dict[int, list[tuple[Runs, Runs]]] = {}
        self._kept: dict[int, list[Floats]] | None = {}
        self._again = again
        size = 0
        for part in parts:
            size += part.scores.nbytes
            self.length += len(part.scores)
            if size > _KEPT_BYTES:
                self._kept = None
            for channel in np.unique(part.channel).tolist():
                at = part.channel == channel
                numbers = Runs.from_values(part.start_ms[at] // part.hop_ms, 1)
                self._bins.setdefault(channel, []).append((numbers, Runs.from_values(part.segment[at], 0)))
                if self._kept is not None:
                    self._kept.setdefault(channel, []).append(part.scores[at])

    @property
    def channels(self) -> list[int]:
        return sorted(self._bins)

    def bins(self, channel: int) -> Iterator[tuple[Integers, Integers]]:
        """Yield the numbers of a channel's bins [n] and their segments [n], in parts."""
        for numbers, segments in self._bins[channel]:
            yield numbers.values(), segments.values()

    def scores(self, channel: int) -> Iterator[Floats]:
        """Yield the scores [n, labels] of a channel in parts, which need not be those of `bins`."""
        if self._kept is None:
            yield from (part.scores for part in self._again(channel))
        else:
            yield from self._kept[channel]


def pack_scores(scores: Floats) -> NDArray[np.uint16]:
    """Return scores as whole ten-thousandths, to which documents round them."""
    packed: NDArray[np.uint16] = np.rint(scores.astype(np.float64) * PACKED).astype(np.uint16)
    return packed


class _Bins(NamedTuple):
    """The channel, number, first segment and number of frames of each bin, [n], and the sums of logits [n, labels]."""

    channel: Integers
    number: Integers
    segment: Integers
    frames: Integers
    logits: Floats


def _no_bins(labels: tuple[str, ...]) -> _Bins:
    empty = np.empty(0, np.int64)
    return _Bins(empty, empty, empty, empty, np.empty((0, len(labels)), np.float32))


def _grid_of(bins: _Bins, labels: tuple[str, ...], hop_ms: int) -> Grid:
    counts: Floats = bins.frames[:, None].astype(np.float32)
    return Grid(hop_ms, labels, bins.channel, bins.number * hop_ms, bins.segment, softmax(bins.logits / counts))


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
