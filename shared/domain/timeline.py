"""Aggregation of scored segments into a timeline and a summary. Pure functions; times are in samples at 16 kHz.

Workers, API and command line call the same functions, so every aggregate can be computed again from the stored scores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from shared.domain.baseline import usual_scores
from shared.domain.emotion import UNKNOWN, ModelInfo, Scores
from shared.domain.options import AggregationOptions
from shared.domain.recording import from_ms
from shared.domain.segment import SegmentResult

Shares = dict[str, float]
"""Share of the analysed speech by emotion, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A stretch [start, end) of one channel with one emotion and its mean confidence.

    `corrected` is whether the emotion of any of its segments is a correction. `speaker` is the number of the speaker.
    """

    start: int
    end: int
    channel: int
    emotion: str
    confidence: float
    corrected: bool = False
    speaker: int | None = None


@dataclass(frozen=True, slots=True)
class Dominant:
    """The emotion of most segments, with the mean confidence of these, and its share of `speech` analysed samples."""

    emotion: str
    confidence: float
    share: float
    speech: int


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """The dominant emotion of a channel, the share of each, and its usual scores.

    These are the medians of its segments' scores, None where there is too little speech for anything to be usual.
    """

    channel: int
    dominant: Dominant
    share_by_emotion: Shares
    usual_scores: Scores | None


@dataclass(frozen=True, slots=True)
class QuarterSummary:
    """The share of each emotion in a channel's `speech` analysed samples in a quarter [start, end) of a recording."""

    channel: int
    start: int
    end: int
    speech: int
    share_by_emotion: Shares


@dataclass(frozen=True, slots=True)
class Transition:
    """The number of times that the emotion `target` follows `source` in a channel."""

    channel: int
    source: str
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The reliable segment with the highest confidence for an emotion in a channel, by its index and times."""

    channel: int
    emotion: str
    score: float
    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The shares of emotions in the whole recording, and in each channel by itself all else.

    Quarters, transitions (most frequent first) and peaks (highest first) are in order of their channels.
    """

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
    """The result of an analysed recording of `duration` samples. `dominant` is None where no segment was analysed.

    Emotions under `min_confidence` are `unknown` in everything but `segments`. `set_probability` is the one that the
    sets of emotions are to reach, None without sets.
    """

    dominant: Dominant | None
    timeline: tuple[TimelineEntry, ...]
    segments: tuple[SegmentResult, ...]
    summary: Summary
    coverage: Coverage
    model: ModelInfo | None
    duration: int
    min_confidence: float
    set_probability: float | None = None


def aggregate(
    segments: Sequence[SegmentResult],
    *,
    duration: int,
    speech: int,
    options: AggregationOptions,
    model: ModelInfo | None,
    not_speech: int = 0,
) -> Result:
    """Compute the result of a recording of `duration` samples, in whose channels `speech` samples hold speech.

    `not_speech` samples were taken for voice at first and left out.
    """
    segments = sorted(segments, key=lambda result: result.segment.index)
    analysed = confident(segments, options.min_confidence)
    timeline = merge(analysed, from_ms(options.gap_ms))
    channels = [
        [result for result in analysed if result.segment.channel == channel]
        for channel in sorted({result.segment.channel for result in analysed})
    ]
    return Result(
        dominant=dominant(analysed),
        timeline=tuple(timeline),
        segments=tuple(segments),
        summary=Summary(
            share_by_emotion=shares(samples_by_emotion(analysed)),
            by_channel=tuple(map(summarize_channel, channels)),
            by_quarter=tuple(quarter for channel in channels for quarter in summarize_quarters(channel, duration)),
            transitions=tuple(count_transitions(timeline)),
            peaks=tuple(peak for channel in channels for peak in find_peaks(channel)),
        ),
        coverage=Coverage(speech, sum(result.segment.speech for result in analysed), not_speech),
        model=model,
        duration=duration,
        min_confidence=options.min_confidence,
        set_probability=options.set_probability,
    )


def confident(segments: Iterable[SegmentResult], min_confidence: float) -> list[SegmentResult]:
    """Return the analysed segments; a confidence under `min_confidence` makes the emotion `unknown`.

    A corrected emotion stays: it is not the model's, so the model's doubt is not about it.
    """
    return [
        result
        if result.replaced or _confidence(result) >= min_confidence
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
    speech = samples_by_emotion(segments)
    share = speech[emotion] / (speech.total() or 1)
    return Dominant(emotion, fmean(confidences[emotion]), share, speech.total())


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
            confidence=fmean([_confidence(result) for result in run]),
            corrected=any(result.replaced for result in run),
            speaker=run[0].speaker,
        )
        for run in runs
    ]
    return sorted(entries, key=lambda entry: (entry.start, entry.channel))


def summarize_channel(analysed: Sequence[SegmentResult]) -> ChannelSummary:
    """Summarize the analysed segments of a channel, of which there is one at least."""
    channel_dominant = dominant(analysed)
    assert channel_dominant is not None
    channel_shares = shares(samples_by_emotion(analysed))
    return ChannelSummary(analysed[0].segment.channel, channel_dominant, channel_shares, usual_scores(analysed))


def summarize_quarters(analysed: Sequence[SegmentResult], duration: int) -> Iterator[QuarterSummary]:
    """Yield the quarters of a recording with the shares of one of its channels."""
    for start, end in pairwise(duration * quarter // 4 for quarter in range(5)):
        samples = samples_by_emotion(analysed, start, end)
        yield QuarterSummary(analysed[0].segment.channel, start, end, samples.total(), shares(samples))


def count_transitions(timeline: Iterable[TimelineEntry]) -> Iterator[Transition]:
    """Yield the transitions of each channel, most frequent first."""
    last: dict[int, str] = {}
    counts: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for entry in timeline:
        before = last.get(entry.channel, entry.emotion)
        if before != entry.emotion:
            counts[entry.channel][before, entry.emotion] += 1
        last[entry.channel] = entry.emotion
    for channel in sorted(counts):
        for (source, target), count in counts[channel].most_common():
            yield Transition(channel, source, target, count)


def find_peaks(analysed: Iterable[SegmentResult]) -> Iterator[Peak]:
    """Yield the peak of each emotion in a channel, highest first; an emotion without a reliable segment has none."""
    best: dict[str, SegmentResult] = {}
    for result in analysed:
        emotion = result.outcome.emotion
        if not result.reliable or emotion == UNKNOWN:
            continue
        if emotion not in best or _confidence(result) > _confidence(best[emotion]):
            best[emotion] = result
    for emotion, result in sorted(best.items(), key=lambda item: -_confidence(item[1])):
        segment = result.segment
        yield Peak(segment.channel, emotion, _confidence(result), segment.index, segment.start, segment.end)


def shares(samples: Counter[str]) -> Shares:
    """Return the share of each emotion in speech, largest first."""
    total = samples.total()
    return {emotion: number / total for emotion, number in samples.most_common()}


def samples_by_emotion(analysed: Iterable[SegmentResult], start: int = 0, end: int | None = None) -> Counter[str]:
    """Return the samples of analysed speech of each emotion inside [start, end).

    The speech of a segment that lies there in part counts as spread evenly over it.
    """
    samples: dict[str, int] = {}
    for result in analysed:
        segment = result.segment
        first, last = segment.start, segment.end
        if last <= start or (end is not None and first >= end):
            continue
        speech = segment.speech
        if first < start or (end is not None and last > end):
            inside = (last if end is None else min(end, last)) - max(start, first)
            speech = inside * speech // (last - first)
        if speech:
            emotion = result.outcome.emotion
            samples[emotion] = samples.get(emotion, 0) + speech
    return Counter(samples)


def _confidence(result: SegmentResult) -> float:
    confidence = result.outcome.confidence
    assert confidence is not None  # an analysed segment has one
    return confidence
