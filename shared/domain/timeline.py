"""Aggregation: from scored segments to what a person wants to know. Pure functions; all times are samples at 16 kHz.

The workers, the API and the command line call the same functions, so every aggregate can be made again from the
stored segment scores.
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
    start: int
    end: int
    channel: int
    emotion: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Dominant:
    """`share` is the share of the analysed time; `confidence` the mean over the segments that carry the emotion."""

    emotion: str
    confidence: float
    share: float


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    channel: int
    dominant: Dominant
    share_by_emotion: Shares


@dataclass(frozen=True, slots=True)
class QuarterSummary:
    start: int
    end: int
    share_by_emotion: Shares


@dataclass(frozen=True, slots=True)
class Transition:
    source: str
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The segment in which an emotion scored highest."""

    emotion: str
    score: float
    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summary:
    share_by_emotion: Shares
    by_channel: tuple[ChannelSummary, ...]
    by_quarter: tuple[QuarterSummary, ...]
    transitions: tuple[Transition, ...]
    peaks: tuple[Peak, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Samples in which speech was found, and those of them that were analysed."""

    speech: int
    analysed: int


@dataclass(frozen=True, slots=True)
class Result:
    """All that is known of a recording once it is analysed. `dominant` is None where there was nothing to analyse."""

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
) -> Result:
    """The whole result of a recording of `duration` samples, in which `speech` samples of speech were found."""
    segments = sorted(segments, key=lambda result: result.segment.index)
    voices = confident(segments, options.min_confidence)
    timeline = merge(voices, from_ms(options.gap_ms))
    return Result(
        dominant=dominant(voices),
        timeline=tuple(timeline),
        segments=tuple(segments),
        summary=_summarise(voices, timeline, duration),
        coverage=Coverage(speech, sum(result.segment.speech for result in voices)),
        model=model,
    )


def confident(segments: Iterable[SegmentResult], min_confidence: float) -> list[SegmentResult]:
    """The analysed segments, those under `min_confidence` as `unknown` rather than guessed."""
    return [result if _confidence(result) >= min_confidence else _abstained(result) for result in segments if result.ok]


def dominant(voices: Sequence[SegmentResult]) -> Dominant | None:
    """The emotion that most segments carry; ties go to the higher mean confidence."""
    if not voices:
        return None
    confidences: dict[str, list[float]] = defaultdict(list)
    for result in voices:
        confidences[result.outcome.emotion].append(_confidence(result))
    emotion = max(confidences, key=lambda name: (len(confidences[name]), fmean(confidences[name])))
    return Dominant(emotion, fmean(confidences[emotion]), _shares(_weights(voices))[emotion])


def merge(voices: Iterable[SegmentResult], gap: int) -> list[TimelineEntry]:
    """The timeline: sorted by start; neighbours of one channel and emotion are one entry when under `gap` apart.

    The confidence of an entry is the mean over its segments.
    """
    entries: list[TimelineEntry] = []
    by_channel: dict[int, list[SegmentResult]] = defaultdict(list)
    for result in voices:
        by_channel[result.segment.channel].append(result)
    for channel, results in by_channel.items():
        results.sort(key=lambda result: result.segment.start)
        entries.extend(_entry(channel, run) for run in _runs(results, gap))
    return sorted(entries, key=lambda entry: (entry.start, entry.channel))


def _runs(results: Iterable[SegmentResult], gap: int) -> Iterator[list[SegmentResult]]:
    run: list[SegmentResult] = []
    for result in results:
        if run and (
            result.outcome.emotion != run[-1].outcome.emotion or result.segment.start - run[-1].segment.end >= gap
        ):
            yield run
            run = []
        run.append(result)
    if run:
        yield run


def _entry(channel: int, run: Sequence[SegmentResult]) -> TimelineEntry:
    return TimelineEntry(
        start=run[0].segment.start,
        end=run[-1].segment.end,
        channel=channel,
        emotion=run[0].outcome.emotion,
        confidence=fmean(_confidence(result) for result in run),
    )


def _summarise(voices: Sequence[SegmentResult], timeline: Sequence[TimelineEntry], duration: int) -> Summary:
    return Summary(
        share_by_emotion=_shares(_weights(voices)),
        by_channel=tuple(_by_channel(voices)),
        by_quarter=tuple(_by_quarter(voices, duration)),
        transitions=tuple(_transitions(timeline)),
        peaks=tuple(_peaks(voices)),
    )


def _by_channel(voices: Sequence[SegmentResult]) -> Iterator[ChannelSummary]:
    for channel in sorted({result.segment.channel for result in voices}):
        own = [result for result in voices if result.segment.channel == channel]
        leading = dominant(own)
        assert leading is not None  # a channel is listed because it has segments
        yield ChannelSummary(channel, leading, _shares(_weights(own)))


def _by_quarter(voices: Sequence[SegmentResult], duration: int) -> Iterator[QuarterSummary]:
    if not voices:
        return
    bounds = [duration * quarter // 4 for quarter in range(5)]
    for start, end in pairwise(bounds):
        yield QuarterSummary(start, end, _shares(_weights(voices, start, end)))


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


def _peaks(voices: Iterable[SegmentResult]) -> Iterator[Peak]:
    best: dict[str, SegmentResult] = {}
    for result in voices:
        emotion = result.outcome.emotion
        if emotion != UNKNOWN and (emotion not in best or _confidence(result) > _confidence(best[emotion])):
            best[emotion] = result
    for emotion, result in sorted(best.items(), key=lambda item: -_confidence(item[1])):
        segment = result.segment
        yield Peak(emotion, _confidence(result), segment.index, segment.start, segment.end)


def _weights(voices: Iterable[SegmentResult], start: int = 0, end: int | None = None) -> Counter[str]:
    """Samples by emotion inside [start, end)."""
    weights: Counter[str] = Counter()
    for result in voices:
        last = result.segment.end if end is None else min(end, result.segment.end)
        inside = last - max(start, result.segment.start)
        if inside > 0:
            weights[result.outcome.emotion] += inside
    return weights


def _shares(weights: Counter[str]) -> Shares:
    total = weights.total()
    return {emotion: weight / total for emotion, weight in weights.most_common()}


def _confidence(result: SegmentResult) -> float:
    confidence = result.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence


def _abstained(result: SegmentResult) -> SegmentResult:
    return replace(result, outcome=replace(result.outcome, emotion=UNKNOWN))
