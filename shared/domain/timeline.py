"""Aggregation of scored segments into a timeline and a summary. Pure functions; times are in samples at 16 kHz.

Workers, API and command line call the same functions, so every aggregate can be computed again from the stored scores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from shared.domain.emotion import UNKNOWN, ModelInfo
from shared.domain.options import AggregationOptions
from shared.domain.recording import from_ms
from shared.domain.segment import SegmentResult

Shares = dict[str, float]
"""Share of the analysed time by emotion, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A stretch [start, end) of one channel with one emotion and its mean confidence."""

    start: int
    end: int
    channel: int
    emotion: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Dominant:
    """The emotion of most segments, with its share of the analysed time and the mean confidence of these segments."""

    emotion: str
    confidence: float
    share: float


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """The dominant emotion of a channel, and the share of each."""

    channel: int
    dominant: Dominant
    share_by_emotion: Shares


@dataclass(frozen=True, slots=True)
class QuarterSummary:
    """The share of each emotion in a quarter [start, end) of the recording."""

    start: int
    end: int
    share_by_emotion: Shares


@dataclass(frozen=True, slots=True)
class Transition:
    """The number of times that the emotion `target` follows `source` in a channel."""

    source: str
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The segment with the highest confidence for an emotion, by its index and times."""

    emotion: str
    score: float
    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The shares of emotions in the whole recording, its channels and quarters; transitions, most frequent first."""

    share_by_emotion: Shares
    by_channel: tuple[ChannelSummary, ...]
    by_quarter: tuple[QuarterSummary, ...]
    transitions: tuple[Transition, ...]
    peaks: tuple[Peak, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The samples of detected speech, and the number of these that were analysed.

    `not_speech` are the samples of tones and noise that were taken for voice at first and left out.
    """

    speech: int
    analysed: int
    not_speech: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an analysed recording. `dominant` is None where no segment was analysed."""

    dominant: Dominant | None
    timeline: tuple[TimelineEntry, ...]
    segments: tuple[SegmentResult, ...]
    summary: Summary
    coverage: Coverage
    model: ModelInfo | None


def aggregate(
    segments: Sequence[SegmentResult],
    *,
    duration: int,
    speech: int,
    options: AggregationOptions,
    model: ModelInfo | None,
    not_speech: int = 0,
) -> Result:
    """Compute the result of a recording of `duration` samples, of which `speech` hold speech.

    `not_speech` of them were taken for voice at first and left out.
    """
    segments = sorted(segments, key=lambda result: result.segment.index)
    analysed = confident(segments, options.min_confidence)
    timeline = merge(analysed, from_ms(options.gap_ms))
    quarters = pairwise(duration * quarter // 4 for quarter in range(5)) if analysed else ()
    return Result(
        dominant=dominant(analysed),
        timeline=tuple(timeline),
        segments=tuple(segments),
        summary=Summary(
            share_by_emotion=_shares(analysed),
            by_channel=tuple(_by_channel(analysed)),
            by_quarter=tuple(QuarterSummary(start, end, _shares(analysed, start, end)) for start, end in quarters),
            transitions=tuple(_transitions(timeline)),
            peaks=tuple(_peaks(analysed)),
        ),
        coverage=Coverage(speech, sum(result.segment.speech for result in analysed), not_speech),
        model=model,
    )


def confident(segments: Iterable[SegmentResult], min_confidence: float) -> list[SegmentResult]:
    """Return the analysed segments; a confidence under `min_confidence` makes the emotion `unknown`."""
    return [
        result
        if _confidence(result) >= min_confidence
        else replace(result, outcome=replace(result.outcome, emotion=UNKNOWN))
        for result in segments
        if result.ok
    ]


def dominant(segments: Sequence[SegmentResult]) -> Dominant | None:
    """Return the emotion of most segments, None without segments; the higher mean confidence breaks ties."""
    if not segments:
        return None
    confidences: dict[str, list[float]] = defaultdict(list)
    for result in segments:
        confidences[result.outcome.emotion].append(_confidence(result))
    emotion = max(confidences, key=lambda name: (len(confidences[name]), fmean(confidences[name])))
    return Dominant(emotion, fmean(confidences[emotion]), _shares(segments)[emotion])


def merge(segments: Iterable[SegmentResult], gap: int) -> list[TimelineEntry]:
    """Merge segments into a timeline, sorted by start.

    Neighbours of one channel and emotion become one entry if they are under `gap` samples apart; its confidence is the
    mean over its segments.
    """
    runs: list[list[SegmentResult]] = []
    last_run: dict[int, list[SegmentResult]] = {}
    for result in sorted(segments, key=lambda result: result.segment.start):
        run = last_run.get(result.segment.channel)
        if (
            run
            and result.outcome.emotion == run[-1].outcome.emotion
            and result.segment.start - run[-1].segment.end < gap
        ):
            run.append(result)
        else:
            last_run[result.segment.channel] = [result]
            runs.append(last_run[result.segment.channel])
    entries = [
        TimelineEntry(
            start=run[0].segment.start,
            end=run[-1].segment.end,
            channel=run[0].segment.channel,
            emotion=run[0].outcome.emotion,
            confidence=fmean(_confidence(result) for result in run),
        )
        for run in runs
    ]
    return sorted(entries, key=lambda entry: (entry.start, entry.channel))


def _by_channel(analysed: Sequence[SegmentResult]) -> Iterator[ChannelSummary]:
    for channel in sorted({result.segment.channel for result in analysed}):
        segments = [result for result in analysed if result.segment.channel == channel]
        channel_dominant = dominant(segments)
        assert channel_dominant is not None  # a channel is listed because it has segments
        yield ChannelSummary(channel, channel_dominant, _shares(segments))


def _transitions(timeline: Iterable[TimelineEntry]) -> Iterator[Transition]:
    last: dict[int, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for entry in timeline:
        before = last.get(entry.channel, entry.emotion)
        if before != entry.emotion:
            counts[before, entry.emotion] += 1
        last[entry.channel] = entry.emotion
    for (source, target), count in counts.most_common():
        yield Transition(source, target, count)


def _peaks(analysed: Iterable[SegmentResult]) -> Iterator[Peak]:
    best: dict[str, SegmentResult] = {}
    for result in analysed:
        emotion = result.outcome.emotion
        if emotion != UNKNOWN and (emotion not in best or _confidence(result) > _confidence(best[emotion])):
            best[emotion] = result
    for emotion, result in sorted(best.items(), key=lambda item: -_confidence(item[1])):
        segment = result.segment
        yield Peak(emotion, _confidence(result), segment.index, segment.start, segment.end)


def _shares(analysed: Iterable[SegmentResult], start: int = 0, end: int | None = None) -> Shares:
    """Return the share of each emotion in the analysed samples inside [start, end), largest first."""
    weights: Counter[str] = Counter()
    for result in analysed:
        last = result.segment.end if end is None else min(end, result.segment.end)
        inside = last - max(start, result.segment.start)
        if inside > 0:
            weights[result.outcome.emotion] += inside
    total = weights.total()
    return {emotion: weight / total for emotion, weight in weights.most_common()}


def _confidence(result: SegmentResult) -> float:
    confidence = result.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence
