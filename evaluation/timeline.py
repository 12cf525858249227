"""The timeline of a long recording beside what people hear in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evaluation.figures import Pair
from evaluation.listener_labels import Stretch
from shared.domain.recording import to_ms
from shared.domain.timeline import TimelineEntry

NEAR_MS = 1_000
"""A change of mood is found when one is in the timeline as near as this."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """How far the truth's changes of emotion are from the nearest in the timeline of their channel.

    `found` counts those that have one within `NEAR_MS`; the errors are None where no change has one to measure to.
    """

    true: int
    answered: int
    found: int
    median_ms: float | None
    mean_ms: float | None


@dataclass(frozen=True, slots=True)
class TimelineFigures:
    """`truth_s` of the recording have a true emotion, `covered_s` of them one in the timeline too; `outside_s` of the
    timeline have no true one."""

    truth_s: float
    covered_s: float
    outside_s: float
    boundaries: Boundaries


def stretches(timeline: Iterable[TimelineEntry]) -> list[tuple[Stretch, float]]:
    """The entries of a timeline with their confidences, by channel and start."""
    return sorted(
        (Stretch(entry.channel, to_ms(entry.start), to_ms(entry.end), entry.emotion), entry.confidence)
        for entry in timeline
    )


def overlaps(truth: Sequence[Stretch], timeline: Sequence[tuple[Stretch, float]]) -> Iterator[Pair]:
    """A pair for each time, in seconds, that a true stretch shares with an entry; its unit is the true stretch."""
    by_channel = _by_channel(timeline)
    for number, true in enumerate(truth):
        own = by_channel[true.channel]
        first = bisect_right(own, true.start_ms, key=lambda it: it[0].end_ms)
        for entry, confidence in own[first : bisect_left(own, true.end_ms, key=lambda it: it[0].start_ms)]:
            shared = min(true.end_ms, entry.end_ms) - max(true.start_ms, entry.start_ms)
            yield Pair(true.emotion, entry.emotion, confidence, shared / 1000, str(number))


def figures(
    truth: Sequence[Stretch], timeline: Sequence[tuple[Stretch, float]], pairs: Iterable[Pair]
) -> TimelineFigures:
    covered = sum(pair.weight for pair in pairs)
    entries = [entry for entry, _ in timeline]
    return TimelineFigures(
        truth_s=_seconds(truth),
        covered_s=round(covered, 3),
        outside_s=round(_seconds(entries) - covered, 3),
        boundaries=_boundaries(truth, entries),
    )


def _by_channel(timeline: Iterable[tuple[Stretch, float]]) -> defaultdict[int, list[tuple[Stretch, float]]]:
    found = defaultdict(list)
    for entry, confidence in timeline:
        found[entry.channel].append((entry, confidence))
    return found


def _seconds(spans: Iterable[Stretch]) -> float:
    return sum(span.end_ms - span.start_ms for span in spans) / 1000


def _boundaries(truth: Sequence[Stretch], timeline: Sequence[Stretch]) -> Boundaries:
    true, answered = _changes(truth), _changes(timeline)
    errors = np.array(
        [
            min(abs(at - other) for other in answered[channel])
            for channel, own in true.items()
            for at in own
            if answered.get(channel)
        ]
    )
    return Boundaries(
        true=sum(map(len, true.values())),
        answered=sum(map(len, answered.values())),
        found=int((errors <= NEAR_MS).sum()),
        median_ms=float(np.median(errors)) if len(errors) else None,
        mean_ms=float(errors.mean()) if len(errors) else None,
    )


def _changes(spans: Iterable[Stretch]) -> dict[int, list[float]]:
    """Where one emotion gives way to another, by channel: in the middle of what lies between the two."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for before, after in pairwise(spans):
        if before.channel == after.channel and before.emotion != after.emotion:
            found[before.channel].append((before.end_ms + after.start_ms) / 2)
    return found
