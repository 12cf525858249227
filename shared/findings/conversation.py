"""The conversation in figures: how long and when each channel speaks, and how each answers the emotions of the other.

docs/explanation/conversation.md defines each figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.baseline import weighted_median
from shared.domain.emotion import NOT_EMOTIONS
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.findings.channel_segments import ChannelSegments, Reals
from shared.findings.turns import TurnChange, Turns, Utterance, find_turns

LEAST_CASES = 5
"""Answers to an emotion from which they are described; fewer say nothing."""

_SLOW_PERCENTILE = 90


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch [start, end) of the recording, in samples."""

    start: int
    end: int

    @property
    def duration(self) -> int:
        """The length in samples."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """The times from the end of another's turn to the start of a channel's own: their number, and samples."""

    count: int
    median: int
    p90: int


@dataclass(frozen=True, slots=True)
class ChannelTalk:
    """A channel's part in the conversation; times are in samples.

    `talk` is its speech, `share` its part of the speech of all channels, 0 where nobody speaks. `level` is the median
    level of its speech in dBFS, None without speech and where the channel was not analysed. `turns`, `interruptions`
    and `backchannels` are numbers, None where there is no other channel; `answers` is None without any.
    """

    channel: int
    talk: int
    share: float
    longest_turn: Stretch | None
    level: float | None
    turns: int | None
    answers: AnswerTimes | None
    interruptions: int | None
    backchannels: int | None


@dataclass(frozen=True, slots=True)
class Response:
    """The answers of a channel to an emotion of the other: `cases` turns that follow one with the `emotion`.

    `answers` counts them by their own emotion, most frequent first. `shift` is by emotion the mean of their scores
    minus that of the channel's answers to other emotions; None where these are under five.
    """

    channel: int
    emotion: str
    cases: int
    answers: Mapping[str, int]
    shift: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The figures of a conversation; times are in samples.

    `overlap` is the time in which several channels speak, None where there is one. `silence` is the time in which
    nobody speaks, None, as `longest_silence`, where a channel was not measured.
    """

    channels: tuple[ChannelTalk, ...]
    overlap: int | None
    silence: int | None
    longest_silence: Stretch | None
    responses: tuple[Response, ...]


def describe_conversation(speech: SpeechTimes, channels: Iterable[ChannelSegments], duration: int) -> Conversation:
    """Compute the figures of a recording of `duration` samples.

    `channels` are the analysed segments of its analysed channels (`shared.findings.channel_segments.split_channels`).
    """
    segments = {each.channel: each for each in channels}
    turns = find_turns(speech)
    changes = list(turns.changes())
    total = sum(span.duration for span in speech.spans)
    speakers = count_speakers(speech.spans, duration)
    several = len(speech.channels) > 1
    silences = [stretch for stretch, count in speakers if count == 0]
    return Conversation(
        channels=tuple(describe_channel(speech, turns, changes, total, channel) for channel in speech.channels),
        overlap=sum(stretch.duration for stretch, count in speakers if count > 1) if several else None,
        silence=sum(stretch.duration for stretch in silences) if speech.complete else None,
        longest_silence=max(silences, key=lambda each: each.duration, default=None) if speech.complete else None,
        responses=tuple(describe_responses(changes, segments)),
    )


def describe_channel(
    speech: SpeechTimes, turns: Turns, changes: Sequence[TurnChange], total: int, channel: int
) -> ChannelTalk:
    """Describe the part of one channel; `total` is the speech of all channels."""
    spans = speech.in_channel(channel)
    talk = sum(span.duration for span in spans)
    held = [turn for turn in turns.turns if turn.channel == channel]
    longest = max(held, key=lambda turn: turn.duration, default=None)
    answered = [change for change in changes if change.answer.channel == channel]
    several = len(speech.channels) > 1
    return ChannelTalk(
        channel=channel,
        talk=talk,
        share=talk / total if total else 0.0,
        longest_turn=Stretch(longest.start, longest.end) if longest else None,
        level=median_level(spans),
        turns=len(held) if several else None,
        answers=answer_times([change.offset for change in answered]),
        interruptions=sum(change.interrupts for change in answered) if several else None,
        backchannels=sum(each.channel == channel for each in turns.backchannels) if several else None,
    )


def answer_times(offsets: Sequence[int]) -> AnswerTimes | None:
    """Describe the times of answers, None without any; percentiles are interpolated between neighbours."""
    if not offsets:
        return None
    median, p90 = np.percentile(offsets, [50, _SLOW_PERCENTILE])
    return AnswerTimes(len(offsets), round(float(median)), round(float(p90)))


def median_level(spans: Sequence[SpeechSpan]) -> float | None:
    """Return the level that half of the speech does not exceed, in dBFS; None where no level is known."""
    known = [span for span in spans if span.level is not None]
    levels = [span.level for span in known if span.level is not None]
    return weighted_median(levels, [span.duration for span in known]) if known else None


def count_speakers(spans: Iterable[SpeechSpan], duration: int) -> list[tuple[Stretch, int]]:
    """Divide a recording into stretches with the number of spans that cover each."""
    changes = Counter({0: 0, duration: 0})
    for span in spans:
        changes[span.start] += 1
        changes[span.end] -= 1
    times = sorted(changes)
    counts = np.cumsum([changes[time] for time in times]).tolist()
    joined: list[tuple[Stretch, int]] = []
    for start, end, count in zip(times, times[1:], counts, strict=False):
        if joined and joined[-1][1] == count:
            joined[-1] = (Stretch(joined[-1][0].start, end), count)
        else:
            joined.append((Stretch(start, end), count))
    return joined


def describe_responses(changes: Iterable[TurnChange], segments: Mapping[int, ChannelSegments]) -> Iterator[Response]:
    """Describe how each channel answers the emotions of the other, where there are enough cases; most cases first."""
    labels: tuple[str, ...] = next((each.labels for each in segments.values()), ())
    cases_of: dict[int, list[tuple[str, str, Reals]]] = defaultdict(list)
    for change in changes:
        prompt = emotion_of_turn(change.turn, segments)
        reply = emotion_of_turn(change.answer, segments)
        if prompt and reply and prompt[0] not in NOT_EMOTIONS:
            cases_of[change.answer.channel].append((prompt[0], *reply))
    for channel, cases in sorted(cases_of.items()):
        for emotion, count in Counter(prompt for prompt, _, _ in cases).most_common():
            if count >= LEAST_CASES:
                shift = score_shift([(prompt == emotion, scores) for prompt, _, scores in cases])
                yield Response(
                    channel,
                    emotion,
                    count,
                    dict(Counter(reply for prompt, reply, _ in cases if prompt == emotion).most_common()),
                    None if shift is None else dict(zip(labels, shift.tolist(), strict=True)),
                )


def emotion_of_turn(turn: Utterance, segments: Mapping[int, ChannelSegments]) -> tuple[str, Reals] | None:
    """Return the emotion of most of the analysed time of a turn and its mean scores; None where nothing is analysed."""
    channel = segments.get(turn.channel)
    if channel is None:
        return None
    first = np.searchsorted(channel.end, turn.start, side="right")
    last = np.searchsorted(channel.start, turn.end)
    if first >= last:
        return None
    inside = np.minimum(channel.end[first:last], turn.end) - np.maximum(channel.start[first:last], turn.start)
    times: Counter[str] = Counter()
    for emotion, samples in zip(channel.emotion[first:last], inside.tolist(), strict=True):
        times[emotion] += samples
    return times.most_common(1)[0][0], np.average(channel.scores[first:last], axis=0, weights=inside)


def score_shift(cases: Sequence[tuple[bool, Reals]]) -> Reals | None:
    """Return the mean scores of the cases that are meant minus that of the rest, None where the rest is under five."""
    meant = [scores for is_meant, scores in cases if is_meant]
    rest = [scores for is_meant, scores in cases if not is_meant]
    if len(rest) < LEAST_CASES:
        return None
    difference: Reals = np.mean(meant, axis=0) - np.mean(rest, axis=0)
    return difference
