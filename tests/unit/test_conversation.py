"""The figures of conversations, against an oracle that walks over a grid of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment, SegmentOutcome, SegmentResult
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.findings.channel_segments import split_channels
from shared.findings.conversation import Conversation, Stretch, describe_conversation

TICK = SAMPLE_RATE // 10
"""Samples of a step of the oracle's grid, a tenth of a second: ten are a second."""
LABELS = ("angry", "neutral", "happy")

Mask = NDArray[np.bool_]
Piece = tuple[int, int]


@st.composite
def talk(draw: st.DrawFn, channel: int) -> list[SpeechSpan]:
    """Speech of a channel on the grid, with pauses of all lengths, none too."""
    spans: list[SpeechSpan] = []
    time = draw(st.integers(0, 30))
    for _ in range(draw(st.integers(0, 14))):
        length = draw(st.one_of(st.integers(1, 12), st.integers(5, 60)))
        level = draw(st.integers(-50, -10))
        spans.append(SpeechSpan(channel, time * TICK, (time + length) * TICK, float(level)))
        time += length + draw(st.one_of(st.integers(0, 12), st.integers(0, 60)))
    return spans


@st.composite
def call(draw: st.DrawFn) -> tuple[SpeechTimes, list[SegmentResult], int]:
    """Speech of two channels, the scores of each stretch of it, and the length of the recording."""
    spans = sorted([*draw(talk(0)), *draw(talk(1))], key=lambda span: (span.start, span.channel))
    segments: list[SegmentResult] = []
    for index, span in enumerate(spans):
        weights = [draw(st.integers(1, 9)) for _ in LABELS]
        scores = {label: weight / sum(weights) for label, weight in zip(LABELS, weights, strict=True)}
        segment = Segment(index, span.channel, span.start, span.end, span.duration)
        segments.append(SegmentResult(segment, SegmentOutcome.scored(scores)))
    last = max((span.end for span in spans), default=0) // TICK
    return SpeechTimes((0, 1), True, tuple(spans)), segments, (last + draw(st.integers(0, 40))) * TICK


class GridOracle:
    """Computes the figures step by step from masks [steps] of who speaks."""

    def __init__(self, speech: SpeechTimes, segments: Sequence[SegmentResult], duration: int) -> None:
        self.steps = duration // TICK
        self.speaks = [self.mask(speech, channel) for channel in (0, 1)]
        self.spans = speech.spans
        self.segments = segments
        self.pieces = [list(self.utterances(channel)) for channel in (0, 1)]

    def mask(self, speech: SpeechTimes, channel: int) -> Mask:
        mask = np.zeros(self.steps, np.bool_)
        for span in speech.spans:
            if span.channel == channel:
                mask[span.start // TICK : span.end // TICK] = True
        return mask

    def runs(self, mask: Sequence[bool]) -> Iterator[tuple[bool, Piece]]:
        at = 0
        for value, steps in groupby(mask):
            length = len(list(steps))
            yield value, (at, at + length)
            at += length

    def utterances(self, channel: int) -> Iterator[Piece]:
        mine, rival = self.speaks[channel].copy(), self.speaks[1 - channel]
        for value, (start, end) in self.runs(mine.tolist()):
            inner = start > 0 and end < self.steps
            if not value and inner and end - start <= 10 and not rival[start:end].any():
                mine[start:end] = True
        return (piece for value, piece in self.runs(mine.tolist()) if value)

    def turns(self) -> list[tuple[int, int, int]]:
        """Channel, first and last step of each turn."""
        everything = sorted((start, channel, end) for channel in (0, 1) for start, end in self.pieces[channel])
        turns: list[tuple[int, int, int]] = []
        for start, channel, end in everything:
            covering = [piece for piece in self.pieces[1 - channel] if piece[0] <= start and end <= piece[1]]
            if end - start < 10 or covering:
                continue
            if turns and turns[-1][0] == channel and start - turns[-1][2] < 30:
                turns[-1] = (channel, turns[-1][1], end)
            else:
                turns.append((channel, start, end))
        return turns

    def changes(self) -> list[tuple[tuple[int, int, int], tuple[int, int, int]]]:
        return [(turn, answer) for turn, answer in pairwise(self.turns()) if turn[0] != answer[0]]

    def offsets(self, channel: int) -> list[int]:
        return sorted((answer[1] - turn[2]) * TICK for turn, answer in self.changes() if answer[0] == channel)

    def level(self, channel: int) -> float | None:
        ticks = sorted(
            span.level
            for span in self.spans
            for _ in range(span.duration // TICK)
            if span.channel == channel and span.level is not None
        )
        return ticks[(len(ticks) - 1) // 2] if ticks else None

    def emotion(self, turn: tuple[int, int, int]) -> tuple[str, dict[str, float]]:
        """The emotion of most steps of a turn, the earlier one first, and the mean scores of the steps."""
        channel, start, end = turn
        steps: list[SegmentResult] = [
            segment
            for segment in self.segments
            if segment.segment.channel == channel
            for step in range(segment.segment.start // TICK, segment.segment.end // TICK)
            if start <= step < end
        ]
        emotion = Counter(step.outcome.emotion for step in steps).most_common(1)[0][0]
        return emotion, {label: fmean((step.outcome.scores or {})[label] for step in steps) for label in LABELS}


def percentile(values: Sequence[int], share: float) -> int:
    """Between the two values around the place of `share`, as far as it is from the lower one."""
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return round(values[low] + (place - low) * (values[high] - values[low]))


def described(case: tuple[SpeechTimes, list[SegmentResult], int]) -> Conversation:
    speech, segments, duration = case
    return describe_conversation(speech, split_channels(segments), duration)


@settings(max_examples=150, deadline=None)
@given(call())
def test_all_figures_are_those_of_the_grid(case: tuple[SpeechTimes, list[SegmentResult], int]) -> None:
    conversation, oracle = described(case), GridOracle(*case)
    left, right = oracle.speaks
    assert conversation.overlap == (left & right).sum() * TICK
    silences = [piece for value, piece in oracle.runs((left | right).tolist()) if not value]
    assert conversation.silence == sum(end - start for start, end in silences) * TICK
    longest = max(silences, key=lambda piece: piece[1] - piece[0], default=None)
    assert conversation.longest_silence == (longest and Stretch(longest[0] * TICK, longest[1] * TICK))
    total = left.sum() + right.sum()
    for channel, figures in enumerate(conversation.channels):
        turns = [turn for turn in oracle.turns() if turn[0] == channel]
        monologue = max(turns, key=lambda turn: turn[2] - turn[1], default=None)
        offsets = oracle.offsets(channel)
        assert figures.channel == channel
        assert figures.talk == oracle.speaks[channel].sum() * TICK
        assert figures.share == pytest.approx(oracle.speaks[channel].sum() / total if total else 0)
        assert figures.level == oracle.level(channel)
        assert figures.turns == len(turns)
        assert figures.longest_turn == (monologue and Stretch(monologue[1] * TICK, monologue[2] * TICK))
        assert figures.interruptions == sum(offset <= -5 * TICK for offset in offsets)
        assert figures.backchannels == sum(end - start < 10 for start, end in oracle.pieces[channel])
        if figures.answers is None:
            assert offsets == []
        else:
            assert figures.answers.count == len(offsets)
            assert figures.answers.median == percentile(offsets, 0.5)
            assert figures.answers.p90 == percentile(offsets, 0.9)


def turns_of(emotions: Sequence[tuple[str, str]]) -> tuple[SpeechTimes, list[SegmentResult], int]:
    """The customer (1) and the agent (0) speak in turn for three seconds each, with a second in between."""
    spans: list[SpeechSpan] = []
    segments: list[SegmentResult] = []
    for number, emotion in enumerate(each for pair in emotions for each in pair):
        start, channel = 4 * number * SAMPLE_RATE, 1 - number % 2
        span = SpeechSpan(channel, start, start + 3 * SAMPLE_RATE, -20.0)
        scores = {"angry": 0.1, "neutral": 0.1, "happy": 0.1} | {emotion: 0.8}
        spans.append(span)
        segment = Segment(number, channel, span.start, span.end, span.duration)
        segments.append(SegmentResult(segment, SegmentOutcome.scored(scores)))
    return SpeechTimes((0, 1), True, tuple(spans)), segments, 4 * len(spans) * SAMPLE_RATE


def test_answers_to_an_emotion_are_described_from_five_cases_on() -> None:
    angry = [("angry", "happy")] * 2 + [("angry", "neutral")] * 3
    calm = [("neutral", "neutral")] * 5
    conversation = described(turns_of([*angry, *calm]))
    to_anger, to_calm = (each for each in conversation.responses if each.channel == 0)
    assert (to_anger.emotion, to_anger.cases, to_anger.answers) == ("angry", 5, {"neutral": 3, "happy": 2})
    assert to_anger.shift == pytest.approx({"angry": 0, "neutral": -0.28, "happy": 0.28})
    assert (to_calm.emotion, to_calm.cases, to_calm.answers) == ("neutral", 5, {"neutral": 5})
    assert described(turns_of(angry[:4])).responses == ()


def test_a_shift_needs_five_other_answers_and_other_is_no_emotion() -> None:
    (response,) = (each for each in described(turns_of([("angry", "neutral")] * 6)).responses if each.channel == 0)
    assert (response.cases, response.shift) == (6, None)
    assert [each.channel for each in described(turns_of([("other", "neutral")] * 6)).responses] == [1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=8, max_size=24))
def test_answers_to_emotions_are_those_of_the_turns(emotions: list[tuple[str, str]]) -> None:
    case = turns_of(emotions)
    oracle = GridOracle(*case)
    cases = [(answer[0], oracle.emotion(turn)[0], *oracle.emotion(answer)) for turn, answer in oracle.changes()]
    expected = Counter((channel, prompt) for channel, prompt, _, _ in cases)
    responses = described(case).responses
    assert {(each.channel, each.emotion): each.cases for each in responses} == {
        key: count for key, count in expected.items() if count >= 5
    }
    for each in responses:
        own_cases = [(prompt, reply, scores) for channel, prompt, reply, scores in cases if channel == each.channel]
        replies = [(reply, scores) for prompt, reply, scores in own_cases if prompt == each.emotion]
        rest = [scores for prompt, _, scores in own_cases if prompt != each.emotion]
        assert each.answers == Counter(reply for reply, _ in replies)
        assert (each.shift is None) == (len(rest) < 5)
        for label, shift in (each.shift or {}).items():
            mean = fmean(scores[label] for _, scores in replies)
            assert shift == pytest.approx(mean - fmean(scores[label] for scores in rest))


def test_one_channel_has_talk_silence_and_a_monologue_only() -> None:
    spans = (SpeechSpan(0, 0, 5 * SAMPLE_RATE, -20.0), SpeechSpan(0, 7 * SAMPLE_RATE, 9 * SAMPLE_RATE, -30.0))
    conversation = describe_conversation(SpeechTimes((0,), True, spans), [], 12 * SAMPLE_RATE)
    (figures,) = conversation.channels
    assert (figures.talk, figures.share, figures.level) == (7 * SAMPLE_RATE, 1.0, -20.0)
    assert figures.longest_turn == Stretch(0, 9 * SAMPLE_RATE)
    assert (figures.turns, figures.answers, figures.interruptions, figures.backchannels) == (None, None, None, None)
    assert (conversation.overlap, conversation.silence) == (None, 5 * SAMPLE_RATE)
    assert conversation.longest_silence == Stretch(9 * SAMPLE_RATE, 12 * SAMPLE_RATE)


def test_nothing_is_said_of_silence_where_a_channel_was_not_measured() -> None:
    conversation = describe_conversation(SpeechTimes((1,), False, ()), [], SAMPLE_RATE)
    assert (conversation.silence, conversation.longest_silence) == (None, None)
