"""What a person would say of hours in a few words: the stretches of a channel, each named by its prevailing emotion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.segment import SegmentResult

_MOST_STEPS = 400
"""Neighbouring segments are taken together until there are no more than this: looking is quadratic in their number."""
_WORTH = 0.05
"""What part of a channel's analysed time another stretch must set right to be worth a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch [start, end) in samples; `share` is that of `emotion` in its analysed time."""

    channel: int
    start: int
    end: int
    emotion: str
    share: float


def phases(voices: Sequence[SegmentResult]) -> list[Phase]:
    """The phases of the analysed segments of one channel, in order of time. Neighbours have different emotions.

    They are those that leave the least time under another emotion's name, where each costs `_WORTH` of the whole time.
    """
    emotions = sorted({result.outcome.emotion for result in voices})
    steps = _steps(voices)
    times = np.array([[_time(step, emotion) for emotion in emotions] for step in steps]).reshape(-1, len(emotions))
    until = np.vstack([np.zeros((1, len(emotions))), times.cumsum(axis=0)])
    found: list[Phase] = []
    for first, last in _best_stretches(until):
        inside = until[last] - until[first]
        leading = int(inside.argmax())
        start, end = steps[first][0].segment.start, max(result.segment.end for result in steps[last - 1])
        share = float(inside[leading] / inside.sum())
        found.append(Phase(voices[0].segment.channel, start, end, emotions[leading], share))
    return found


def _steps(voices: Sequence[SegmentResult]) -> list[Sequence[SegmentResult]]:
    size = -(-len(voices) // _MOST_STEPS) or 1
    return [voices[start : start + size] for start in range(0, len(voices), size)]


def _time(step: Sequence[SegmentResult], emotion: str) -> int:
    return sum(result.segment.duration for result in step if result.outcome.emotion == emotion)


def _best_stretches(until: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The steps [first, last) of each stretch, by dynamic programming over `until` [steps + 1, emotions]."""
    count = len(until) - 1
    least, begins = np.zeros(count + 1), np.zeros(count + 1, np.int64)
    for last in range(1, count + 1):
        inside = until[last] - until[:last]
        costs = least[:last] + inside.sum(axis=1) - inside.max(axis=1) + _WORTH * until[-1].sum()
        begins[last] = costs.argmin()
        least[last] = costs[begins[last]]
    stretches: list[tuple[int, int]] = []
    while count:
        stretches.append((int(begins[count]), count))
        count = int(begins[count])
    return stretches[::-1]
