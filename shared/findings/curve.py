"""The curve of a recording: the scores of each emotion, valence and arousal over time, smoothed, by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from shared.findings.affect import derive_affect
from shared.findings.channel_segments import ChannelSegments, Integers, Reals, pair_ranges

MOST_POINTS = 600
"""Points of a curve whose window nobody has chosen."""
MOST_POINTS_OF_A_WINDOW = 20_000
"""Points of a curve with a chosen window, at most."""
POINTS_IN_A_WINDOW = 3
LEAST_WINDOW_S = 3
"""Seconds of the narrowest window that is chosen for a reader: a phrase."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points `step` samples apart, the first at half a step; each stands for the `window` samples around it."""

    window: int
    step: int
    count: int

    @classmethod
    def for_duration(cls, duration: int, window_s: int | None = None) -> Self:
        """Lay points over `duration` samples, three in a window.

        Without `window_s` the window is 3 s, and wider where that would be more than 600 points. A narrow window has
        fewer than three points where there would be more than 20,000.
        """
        seconds = -(-duration // SAMPLE_RATE)
        if window_s is None:
            step = SAMPLE_RATE * max(LEAST_WINDOW_S // POINTS_IN_A_WINDOW, -(-seconds // MOST_POINTS))
            window = POINTS_IN_A_WINDOW * step
        else:
            window = window_s * SAMPLE_RATE
            step = max(window // POINTS_IN_A_WINDOW, -(-duration // MOST_POINTS_OF_A_WINDOW))
        return cls(window, step, -(-duration // step))

    @property
    def times(self) -> Integers:
        """The time of each point [count], in samples."""
        return np.arange(self.count) * self.step + self.step // 2


@dataclass(frozen=True, slots=True, eq=False)
class ChannelCurve:
    """The curve of a channel, with an entry for each point [n]; NaN where no analysed segment meets its own step.

    `speech` are the samples of analysed speech in the window, and zero at those points. `segments` is the effective
    number of segments in it (Kish): one, where one has all of the speech. `scores` [n, labels] are means weighted by
    speech. `affect` [n, 2] are valence and arousal, `affect_errors` [n, 2] their standard errors.
    """

    channel: int
    speech: Reals
    segments: Reals
    scores: Reals
    affect: Reals
    affect_errors: Reals


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The curves of the channels of a recording over one grid, with the same labels."""

    grid: Grid
    labels: tuple[str, ...]
    channels: tuple[ChannelCurve, ...]


def compute_curve(channels: Sequence[ChannelSegments], duration: int, window_s: int | None = None) -> Curve:
    """Compute the curve of a recording of `duration` samples."""
    grid = Grid.for_duration(duration, window_s)
    labels = channels[0].labels if channels else ()
    return Curve(grid, labels, tuple(smooth(channel, grid) for channel in channels))


def smooth(channel: ChannelSegments, grid: Grid) -> ChannelCurve:
    """Average the scores of a channel in the window of each point, weighted by the speech inside it.

    The speech of a segment counts as spread evenly over it.
    """
    points, members, weights = overlaps(channel, grid, grid.window)
    total = np.bincount(points, weights, minlength=grid.count)
    squares = np.bincount(points, weights**2, minlength=grid.count)
    voiced = np.zeros(grid.count, np.bool_)
    own_points, _, own_weights = overlaps(channel, grid, grid.step)
    voiced[own_points[own_weights > 0]] = True
    total_or_nan = np.where(voiced, total, np.nan)
    sums = [
        np.bincount(points, weights * channel.scores[members, column], minlength=grid.count)
        for column in range(len(channel.labels))
    ]
    scores = np.stack(sums, axis=1) / total_or_nan[:, None]
    segments = total_or_nan**2 / np.where(voiced, squares, np.nan)
    affect, errors = derive_affect(scores, channel.labels, segments)
    return ChannelCurve(channel.channel, np.where(voiced, total, 0.0), segments, scores, affect, errors)


def overlaps(channel: ChannelSegments, grid: Grid, width: int) -> tuple[Integers, Integers, Reals]:
    """Pair points with the segments that meet the `width` samples around them.

    Return the points [pairs], the segments [pairs], and the samples of speech that they share [pairs].
    """
    before = (width - grid.step) // 2  # the first point's stretch begins this long before the recording
    first = np.maximum((channel.start + before - width) // grid.step + 1, 0)
    last = np.minimum((channel.end + before - 1) // grid.step, grid.count - 1)
    members, points = pair_ranges(first, np.maximum(last - first + 1, 0))
    starts = points * grid.step - before
    shared = np.minimum(channel.end[members], starts + width) - np.maximum(channel.start[members], starts)
    density = channel.speech / (channel.end - channel.start)
    return points, members, np.maximum(shared, 0) * density[members]
