"""The timeline of a long recording, compared with the labels that people gave to spans of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evaluation.figures import LabelPair
from evaluation.listener_labels import LabelledSpan
from shared.domain.recording import to_ms
from shared.domain.timeline import TimelineEntry

NEAR_MS = 1_000
"""The greatest distance at which a change in the timeline matches a true change of emotion."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The true changes of emotion, and their distances to the nearest change in the timeline of their channel.

    `true` and `answered` count the changes of each side, `found` the true ones with a change within `NEAR_MS`. The
    distances are None where no channel has changes on both sides.
    """

    true: int
    answered: int
    found: int
    median_ms: float | None
    mean_ms: float | None


@dataclass(frozen=True, slots=True)
class TimelineFigures:
    """The overlap of a timeline with the labels, in seconds.

    `truth_s` is the labelled time, `covered_s` the part of it with an emotion in the timeline too, `outside_s` the time
    of the timeline without a label.
    """

    truth_s: float
    covered_s: float
    outside_s: float
    boundaries: Boundaries


def timeline_spans(timeline: Iterable[TimelineEntry]) -> list[tuple[LabelledSpan, float]]:
    """Return the entries of a timeline with their confidences, by channel and start."""
    return sorted(
        (LabelledSpan(entry.channel, to_ms(entry.start), to_ms(entry.end), entry.emotion), entry.confidence)
        for entry in timeline
    )


def pair_overlaps(truth: Sequence[LabelledSpan], timeline: Sequence[tuple[LabelledSpan, float]]) -> Iterator[LabelPair]:
    """Yield a pair, weighted in seconds, for each overlap of a true span with an entry; its unit is the true span."""
    by_channel: defaultdict[int, list[tuple[LabelledSpan, float]]] = defaultdict(list)
    for entry, confidence in timeline:
        by_channel[entry.channel].append((entry, confidence))
    for number, true in enumerate(truth):
        entries = by_channel[true.channel]
        first = bisect_right(entries, true.start_ms, key=lambda pair: pair[0].end_ms)
        last = bisect_left(entries, true.end_ms, key=lambda pair: pair[0].start_ms)
        for entry, confidence in entries[first:last]:
            overlap_ms = min(true.end_ms, entry.end_ms) - max(true.start_ms, entry.start_ms)
            yield LabelPair(true.emotion, entry.emotion, confidence, overlap_ms / 1000, str(number))


def measure_timeline(
    truth: Sequence[LabelledSpan], timeline: Sequence[tuple[LabelledSpan, float]], pairs: Iterable[LabelPair]
) -> TimelineFigures:
    """Measure a timeline whose overlaps with the truth are `pairs`."""
    covered_s = sum(pair.weight for pair in pairs)
    entries = [entry for entry, _ in timeline]
    true, answered = _changes(truth), _changes(entries)
    distances = np.array(
        [
            min(abs(time - time_answered) for time_answered in answered[channel])
            for channel, times in true.items()
            for time in times
            if answered.get(channel)
        ]
    )
    return TimelineFigures(
        truth_s=_seconds(truth),
        covered_s=round(covered_s, 3),
        outside_s=round(_seconds(entries) - covered_s, 3),
        boundaries=Boundaries(
            true=sum(map(len, true.values())),
            answered=sum(map(len, answered.values())),
            found=int((distances <= NEAR_MS).sum()),
            median_ms=float(np.median(distances)) if len(distances) else None,
            mean_ms=float(distances.mean()) if len(distances) else None,
        ),
    )


def _seconds(spans: Iterable[LabelledSpan]) -> float:
    return sum(span.end_ms - span.start_ms for span in spans) / 1000


def _changes(spans: Iterable[LabelledSpan]) -> dict[int, list[float]]:
    """The times in ms, by channel, at which one emotion gives way to another: the middle between the two spans."""
    changes: defaultdict[int, list[float]] = defaultdict(list)
    for before, after in pairwise(spans):
        if before.channel == after.channel and before.emotion != after.emotion:
            changes[before.channel].append((before.end_ms + after.start_ms) / 2)
    return changes
