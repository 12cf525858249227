"""Where to cut a stretch of talk that is too long to be one segment: by dynamic programming over its pauses.

A blind grid of 25 s splits some eight times as many utterances. Cutting greedily, at the last pause before 25 s, splits
about as few, with every piece as long as it can be: lab/benchmarks/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from shared.domain.options import SegmentationOptions
from worker.pipeline.speech import HOP, STEP_MS, Levels, Run

_STEPS_PER_S = 1000 // STEP_MS
_LONG_ENOUGH_PAUSE = _STEPS_PER_S * 8 // 10
"""Steps. A pause of 0.8 s is as good a place as any longer one."""
_SHORT_PAUSE_COST = 2.0
"""Pauses that are not long enough to be preferred fall within a phrase: only cut there when there is no other way."""
_NO_PAUSE_COST = 20.0
_SEARCH = _STEPS_PER_S // 2
"""Steps. Where there is no pause, the quietest step of each half second is a last resort."""
_IDEAL = 16.0
"""Seconds. Longer pieces have fewer cuts, each of which may split an utterance; shorter ones tell better when."""
_LENGTH_WEIGHT = 0.5
_SHORT_SEGMENT_COST = 3.0
_SLIVER = 0.5
_SLIVER_COST = 100.0


class CutReason(StrEnum):
    """Why a piece ends where it does."""

    END_OF_TALK = "end_of_talk"
    """A pause over `max_silence_ms` follows, or the recording ends."""
    PAUSE = "pause"
    """The middle of a shorter pause."""
    NO_PAUSE = "no_pause"
    """The quietest step of half a second, within speech."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Why there is a cut; `pause` is the length in samples of the pause in whose middle it is, 0 for other reasons."""

    reason: CutReason
    pause: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place to cut, in steps, and how much it hurts there."""

    at: int
    cost: float
    cut: Cut


_END = Cut(CutReason.END_OF_TALK)
_NO_PAUSE = Cut(CutReason.NO_PAUSE)


def place_cuts(span: Run, speech: Sequence[Run], level: Levels, options: SegmentationOptions) -> list[Candidate]:
    """Where the pieces of `span` end, none over `max_ms`, that cost least together; the last is its own end.

    `speech` are the stretches of speech in it, with pauses between them; `level` [steps] starts where the grid starts.
    """
    end = Candidate(span[1], 0.0, _END)
    if span[1] - span[0] <= options.min_ms // STEP_MS:
        return [end]
    inner = _candidates(span, speech, level, options)
    return _cheapest_path([Candidate(span[0], 0.0, _END), *inner, end], options)


def _candidates(span: Run, speech: Sequence[Run], level: Levels, options: SegmentationOptions) -> list[Candidate]:
    preferred = options.preferred_silence_ms // STEP_MS
    found = [_in_pause(end, start, preferred) for (_, end), (start, _) in pairwise(speech)]
    bounds = [span[0], *(candidate.at for candidate in found), span[1]]
    for start, end in pairwise(bounds):
        if end - start > options.max_ms // STEP_MS // 2:
            found.extend(_quietest_steps(start, end, level))
    return sorted(found, key=lambda candidate: candidate.at)


def _in_pause(start: int, end: int, preferred: int) -> Candidate:
    return Candidate((start + end) // 2, _pause_cost(end - start, preferred), Cut(CutReason.PAUSE, (end - start) * HOP))


def _pause_cost(steps: int, preferred: int) -> float:
    if steps < preferred:
        return _SHORT_PAUSE_COST
    return max(0, _LONG_ENOUGH_PAUSE - steps) / _LONG_ENOUGH_PAUSE


def _quietest_steps(start: int, end: int, level: Levels) -> list[Candidate]:
    return [
        Candidate(at + int(np.argmin(level[at : at + _SEARCH])), _NO_PAUSE_COST, _NO_PAUSE)
        for at in range(start + _SEARCH, end - _SEARCH, _SEARCH)
    ]


def _cheapest_path(places: Sequence[Candidate], options: SegmentationOptions) -> list[Candidate]:
    """The places after the first, last included, between which every piece fits and that cost least together."""
    longest = options.max_ms // STEP_MS
    best = [0.0] + [float("inf")] * (len(places) - 1)
    previous = [0] * len(places)
    for end in range(1, len(places)):
        for start in range(end - 1, -1, -1):
            length = places[end].at - places[start].at
            if length > longest:
                break
            cost = best[start] + places[end].cost + _length_cost(length, options.min_ms // STEP_MS)
            if cost < best[end]:
                best[end], previous[end] = cost, start
    path = [len(places) - 1]
    while path[-1]:
        path.append(previous[path[-1]])
    return [places[index] for index in path[-2::-1]]


def _length_cost(steps: int, shortest: int) -> float:
    seconds = steps / _STEPS_PER_S
    if seconds < _SLIVER:
        return _SLIVER_COST
    short = _SHORT_SEGMENT_COST if steps < shortest else 0.0
    return short + _LENGTH_WEIGHT * ((seconds - _IDEAL) / _IDEAL) ** 2
