"""Place the cuts in a stretch of talk that is too long for one segment, by dynamic programming over its pauses.

A blind grid of 25 s splits some eight times as many utterances. Cutting greedily, at the last pause before 25 s, splits
about as few, but makes every segment as long as it can be: lab/benchmarks/README.md.
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
"""Pauses shorter than the preferred length fall within a phrase: cut there only if there is no other way."""
_NO_PAUSE_COST = 20.0
_SEARCH = _STEPS_PER_S // 2
"""Steps. In speech without a pause, the quietest step of each half second is the last resort."""
_IDEAL = 16.0
"""Seconds. Longer segments need fewer cuts, and each cut may split an utterance; shorter ones date emotions better."""
_LENGTH_WEIGHT = 0.5
_SHORT_SEGMENT_COST = 3.0
_SLIVER = 0.5
_SLIVER_COST = 100.0


class CutReason(StrEnum):
    """The reason for the end of a segment."""

    END_OF_TALK = "end_of_talk"
    """A pause over `max_silence_ms` follows, or the recording ends."""
    PAUSE = "pause"
    """The middle of a shorter pause."""
    NO_PAUSE = "no_pause"
    """The quietest step of half a second, within speech."""
    TURN = "turn"
    """Another voice follows; only where speakers are told apart."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a segment: the reason, and the length in samples of the pause that was cut, 0 for other reasons."""

    reason: CutReason
    pause: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place to cut: its step, and its cost."""

    at: int
    cost: float
    cut: Cut


_END = Cut(CutReason.END_OF_TALK)
_NO_PAUSE = Cut(CutReason.NO_PAUSE)
_TURN = Cut(CutReason.TURN)


def place_cuts(span: Run, speech: Sequence[Run], level: Levels, options: SegmentationOptions) -> list[Candidate]:
    """Find the cheapest cuts that divide `span` into segments of `max_ms` at most; the last one is the end of `span`.

    `speech` lists the runs of speech in the span, with pauses between them; `level` [steps] in dBFS starts at step 0
    of the grid that `span` and `speech` count in.
    """
    end = Candidate(span[1], 0.0, _END)
    if span[1] - span[0] <= options.min_ms // STEP_MS:
        return [end]
    inner = _candidates(span, speech, level, options)
    return _cheapest_path([Candidate(span[0], 0.0, _END), *inner, end], options)


def place_cuts_at_turns(
    span: Run, turns: Sequence[int], speech: Sequence[Run], level: Levels, options: SegmentationOptions
) -> list[Candidate]:
    """Cut `span` at each of the steps `turns`, where the voice changes, and each part of it as `place_cuts` does."""
    cuts: list[Candidate] = []
    for start, end in pairwise([span[0], *turns, span[1]]):
        inside = [(max(first, start), min(last, end)) for first, last in speech if first < end and last > start]
        cuts += place_cuts((start, end), inside, level, options)
        if end != span[1]:
            cuts[-1] = Candidate(end, 0.0, _TURN)
    return cuts


def _candidates(span: Run, speech: Sequence[Run], level: Levels, options: SegmentationOptions) -> list[Candidate]:
    """The middles of all pauses, and the quietest steps of speech that goes on for half of the maximum or longer."""
    candidates = []
    for (_, start), (end, _) in pairwise(speech):
        pause = end - start
        cost = max(0, _LONG_ENOUGH_PAUSE - pause) / _LONG_ENOUGH_PAUSE
        if pause < options.preferred_silence_ms // STEP_MS:
            cost = _SHORT_PAUSE_COST
        candidates.append(Candidate((start + end) // 2, cost, Cut(CutReason.PAUSE, pause * HOP)))
    bounds = [span[0], *(candidate.at for candidate in candidates), span[1]]
    for start, end in pairwise(bounds):
        if end - start > options.max_ms // STEP_MS // 2:
            for at in range(start + _SEARCH, end - _SEARCH, _SEARCH):
                quietest = at + int(np.argmin(level[at : at + _SEARCH]))
                candidates.append(Candidate(quietest, _NO_PAUSE_COST, _NO_PAUSE))
    return sorted(candidates, key=lambda candidate: candidate.at)


def _cheapest_path(candidates: Sequence[Candidate], options: SegmentationOptions) -> list[Candidate]:
    """The cheapest cuts after the first candidate up to the last, with `max_ms` at most between neighbours."""
    shortest, longest = options.min_ms // STEP_MS, options.max_ms // STEP_MS
    best = [0.0] + [float("inf")] * (len(candidates) - 1)
    previous = [0] * len(candidates)
    for end in range(1, len(candidates)):
        for start in range(end - 1, -1, -1):
            length = candidates[end].at - candidates[start].at
            if length > longest:
                break
            seconds = length / _STEPS_PER_S
            length_cost = _SLIVER_COST
            if seconds >= _SLIVER:
                short = _SHORT_SEGMENT_COST if length < shortest else 0.0
                length_cost = short + _LENGTH_WEIGHT * ((seconds - _IDEAL) / _IDEAL) ** 2
            cost = best[start] + candidates[end].cost + length_cost
            if cost < best[end]:
                best[end], previous[end] = cost, start
    path = [len(candidates) - 1]
    while path[-1]:
        path.append(previous[path[-1]])
    return [candidates[index] for index in path[-2::-1]]
