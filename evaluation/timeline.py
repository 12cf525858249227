"""The timeline of a long recording, compared with the labels that people gave to spans of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evaluation.figures import LabelPair
from evaluation.listener_labels import LabelledSpan
from shared.domain.emotion import UNKNOWN
from shared.domain.recording import to_ms
from shared.domain.timeline import TimelineEntry

NEAR_MS = 1_000
"""The greatest distance at which a change in the timeline matches a true change of emotion."""

_NO_EMOTION = ("neutral", UNKNOWN)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The true changes of emotion, and their distances to the nearest change in the timeline of their channel.

    `true` and `answered` count the changes of each side, `found` the true ones with a change within `NEAR_MS`,
    `matched` the pairs of both within it, where no change is in two pairs. The distances are None where no channel has
    changes on both sides.
    """

    true: int
    answered: int
    found: int
    matched: int
    precision: float | None
    recall: float | None
    f1: float | None
    median_ms: float | None
    mean_ms: float | None


@dataclass(frozen=True, slots=True)
class DiarizationErrors:
    """The emotion diarization error rate (EDER) and its parts, in seconds of the labelled time `total_s`.

    `emotional_s` of it has a true emotion, so a timeline without any has an EDER of `emotional_s / total_s`.

    Wang, Ravanelli and Yacoubi, Speech Emotion Diarization: Which Emotion Appears When?, ASRU 2023: missed emotions,
    false alarms, overlap and confusion over the whole duration. `neutral` is no emotion, nor is silence or `unknown`.
    Time with a label that the model does not know is left out.
    """

    eder: float | None
    total_s: float
    emotional_s: float
    missed_s: float
    false_alarm_s: float
    overlap_s: float
    confusion_s: float


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
    errors: DiarizationErrors


def timeline_spans(timeline: Iterable[TimelineEntry]) -> list[tuple[LabelledSpan, float]]:
    """Return the entries of a timeline with their confidences, by channel and start."""
    return sorted(
        (LabelledSpan(entry.channel, to_ms(entry.start), to_ms(entry.end), entry.emotion), entry.confidence)
        for entry in timeline
    )


def pair_overlaps(truth: Sequence[LabelledSpan], timeline: Sequence[tuple[LabelledSpan, float]]) -> Iterator[LabelPair]:
    """Yield a pair, weighted in seconds, for each overlap of a true span with an entry; its unit is the true span."""
    for number, (true, entries) in enumerate(entries_within(truth, timeline)):
        for entry, confidence in entries:
            overlap_ms = min(true.end_ms, entry.end_ms) - max(true.start_ms, entry.start_ms)
            yield LabelPair(true.emotion, entry.emotion, confidence, overlap_ms / 1000, str(number))


def entries_within(
    truth: Sequence[LabelledSpan], timeline: Sequence[tuple[LabelledSpan, float]]
) -> Iterator[tuple[LabelledSpan, Sequence[tuple[LabelledSpan, float]]]]:
    """Yield each true span with the entries of its channel that overlap it."""
    by_channel: defaultdict[int, list[tuple[LabelledSpan, float]]] = defaultdict(list)
    for entry, confidence in timeline:
        by_channel[entry.channel].append((entry, confidence))
    for true in truth:
        entries = by_channel[true.channel]
        first = bisect_right(entries, true.start_ms, key=lambda pair: pair[0].end_ms)
        last = bisect_left(entries, true.end_ms, key=lambda pair: pair[0].start_ms)
        yield true, entries[first:last]


def measure_errors(
    truth: Sequence[LabelledSpan], timeline: Sequence[tuple[LabelledSpan, float]], labels: Collection[str]
) -> DiarizationErrors:
    """Measure the EDER over the true spans whose emotion is among `labels`."""
    times: Counter[str | None] = Counter()
    known = [span for span in truth if span.emotion in labels]
    for true, entries in entries_within(known, timeline):
        edges = {
            min(max(time, true.start_ms), true.end_ms)
            for entry, _ in entries
            for time in (entry.start_ms, entry.end_ms)
        }
        for start, end in pairwise(sorted(edges | {true.start_ms, true.end_ms})):
            answered = {entry.emotion for entry, _ in entries if entry.start_ms <= start < entry.end_ms}
            times[error_kind(true.emotion, answered)] += end - start
    total = times.total()
    wrong = total - times[None]
    return DiarizationErrors(
        eder=wrong / total if total else None,
        total_s=total / 1000,
        emotional_s=_seconds(span for span in known if span.emotion not in _NO_EMOTION),
        missed_s=times["missed"] / 1000,
        false_alarm_s=times["false_alarm"] / 1000,
        overlap_s=times["overlap"] / 1000,
        confusion_s=times["confusion"] / 1000,
    )


def error_kind(spoken: str, answered: Collection[str]) -> str | None:
    """Return the kind of error of a moment with the emotion `spoken` and the emotions `answered`, None for no error."""
    emotions = [emotion for emotion in answered if emotion not in _NO_EMOTION]
    if len(emotions) > 1:
        return "overlap"
    if not emotions:
        return None if spoken in _NO_EMOTION else "missed"
    if spoken in _NO_EMOTION:
        return "false_alarm"
    return None if emotions == [spoken] else "confusion"


def measure_timeline(
    truth: Sequence[LabelledSpan],
    timeline: Sequence[tuple[LabelledSpan, float]],
    pairs: Iterable[LabelPair],
    labels: Collection[str],
) -> TimelineFigures:
    """Measure a timeline whose overlaps with the truth are `pairs`; `labels` are those of the model."""
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
    matched = sum(count_matches(times, answered.get(channel, [])) for channel, times in true.items())
    true_count, answered_count = sum(map(len, true.values())), sum(map(len, answered.values()))
    return TimelineFigures(
        truth_s=_seconds(truth),
        covered_s=round(covered_s, 3),
        outside_s=round(_seconds(entries) - covered_s, 3),
        boundaries=Boundaries(
            true=true_count,
            answered=answered_count,
            found=int((distances <= NEAR_MS).sum()),
            matched=matched,
            precision=matched / answered_count if answered_count else None,
            recall=matched / true_count if true_count else None,
            f1=2 * matched / (true_count + answered_count) if true_count + answered_count else None,
            median_ms=float(np.median(distances)) if len(distances) else None,
            mean_ms=float(distances.mean()) if len(distances) else None,
        ),
        errors=measure_errors(truth, timeline, labels),
    )


def count_matches(times: Sequence[float], others: Sequence[float]) -> int:
    """Count the pairs of sorted times at most `NEAR_MS` apart, each time in one pair: as many pairs as there can be."""
    first = second = matched = 0
    while first < len(times) and second < len(others):
        distance = others[second] - times[first]
        matched += abs(distance) <= NEAR_MS
        first += distance >= -NEAR_MS
        second += distance <= NEAR_MS
    return matched


def _seconds(spans: Iterable[LabelledSpan]) -> float:
    return sum(span.end_ms - span.start_ms for span in spans) / 1000


def _changes(spans: Iterable[LabelledSpan]) -> dict[int, list[float]]:
    """The times in ms, by channel, at which one emotion gives way to another: the middle between the two spans."""
    changes: defaultdict[int, list[float]] = defaultdict(list)
    for before, after in pairwise(spans):
        if before.channel == after.channel and before.emotion != after.emotion:
            changes[before.channel].append((before.end_ms + after.start_ms) / 2)
    return changes
