"""Phases: the few stretches into which hours of a channel fall, each named by its prevailing emotion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.segment import SegmentResult

_MAX_STEPS = 400
"""Neighbouring segments are taken together into at most this many steps: the search is quadratic in their number."""
_PHASE_COST = 0.05
"""The share of a channel's analysed time that a further phase must set right to be worth a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch [start, end) of a channel, in samples; `share` is the emotion's share of its analysed time."""

    channel: int
    start: int
    end: int
    emotion: str
    share: float


def find_phases(segments: Sequence[SegmentResult]) -> list[Phase]:
    """Find the phases of the analysed segments of one channel, in order of time. Neighbours have different emotions.

    They leave the least time under another emotion's name, where each phase costs `_PHASE_COST` of the whole time.
    """
    emotions = sorted({scored.outcome.emotion for scored in segments})
    step_size = -(-len(segments) // _MAX_STEPS) or 1
    steps = [segments[start : start + step_size] for start in range(0, len(segments), step_size)]
    durations = np.zeros((len(steps) + 1, len(emotions)))
    for number, step in enumerate(steps, start=1):
        for scored in step:
            durations[number, emotions.index(scored.outcome.emotion)] += scored.segment.duration
    until = durations.cumsum(axis=0)
    phases: list[Phase] = []
    for first, last in _cheapest_phases(until):
        inside = until[last] - until[first]
        prevailing = int(inside.argmax())
        start, end = steps[first][0].segment.start, max(scored.segment.end for scored in steps[last - 1])
        share = float(inside[prevailing] / inside.sum())
        phases.append(Phase(segments[0].segment.channel, start, end, emotions[prevailing], share))
    return phases


def _cheapest_phases(until: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The steps [first, last) of each phase, by dynamic programming.

    `until` [steps + 1, emotions] is the time of each emotion before each step, in samples.
    """
    count = len(until) - 1
    least, begins = np.zeros(count + 1), np.zeros(count + 1, np.int64)
    for last in range(1, count + 1):
        inside = until[last] - until[:last]
        costs = least[:last] + inside.sum(axis=1) - inside.max(axis=1) + _PHASE_COST * until[-1].sum()
        begins[last] = costs.argmin()
        least[last] = costs[begins[last]]
    phases: list[tuple[int, int]] = []
    while count:
        phases.append((int(begins[count]), count))
        count = int(begins[count])
    return phases[::-1]
