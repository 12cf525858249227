"""What is usual for a channel, and what exceeds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from statistics import median_low

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.alert import AlertRule, find_alerts
from shared.domain.baseline import usual_score, usual_scores
from shared.domain.options import AggregationOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Correction, Segment, SegmentFlag, SegmentOutcome, SegmentResult, apply_corrections
from shared.domain.timeline import Result, aggregate
from shared.findings.rises import find_rises

CALL = Recording("call.wav", 1, "0" * 64, "jobs/x/source", roles=("agent", "customer"))


def spoken(
    number: int, seconds: int, angry: float, channel: int = 1, flags: tuple[SegmentFlag, ...] = ()
) -> SegmentResult:
    """A segment that begins at 20 times its number, in seconds."""
    start = 20 * number * SAMPLE_RATE
    segment = Segment(number, channel, start, start + seconds * SAMPLE_RATE, seconds * SAMPLE_RATE, flags)
    return SegmentResult(segment, SegmentOutcome.scored({"angry": angry, "neutral": 1 - angry}))


@st.composite
def channel_segments(draw: st.DrawFn, channel: int) -> list[SegmentResult]:
    scores = st.integers(0, 20).map(lambda score: score / 20)
    flags = st.sampled_from([(), (), (), (SegmentFlag.QUIET,), (SegmentFlag.CLIPPED,)])
    lengths = draw(st.lists(st.integers(1, 15), max_size=16))
    return [spoken(number, length, draw(scores), channel, draw(flags)) for number, length in enumerate(lengths)]


def seconds_of(segments: Sequence[SegmentResult]) -> list[float]:
    """The angry score of each second of speech."""
    return [
        (result.outcome.scores or {})["angry"]
        for result in segments
        for _ in range(result.segment.speech // SAMPLE_RATE)
    ]


def result_of(segments: Sequence[SegmentResult]) -> Result:
    numbered = [replace(each, segment=replace(each.segment, index=index)) for index, each in enumerate(segments)]
    return aggregate(numbered, duration=400 * SAMPLE_RATE, speech=0, options=AggregationOptions(), model=None)


def is_enough(segments: Sequence[SegmentResult]) -> bool:
    return len(segments) >= 5 and len(seconds_of(segments)) >= 30


@settings(max_examples=100, deadline=None)
@given(channel_segments(0), channel_segments(1), st.integers(1, 20), st.integers(1, 60))
def test_an_alert_against_the_own_median_is_that_of_every_second(
    agent: list[SegmentResult], customer: list[SegmentResult], points: int, at_least_s: int
) -> None:
    rule = AlertRule("angrier", ("angry",), at_least_s * 1000, above_usual=points / 20)
    expected: dict[int, int] = {}
    for channel, segments in enumerate((agent, customer)):
        assert usual_score(segments, ["angry"]) == (median_low(seconds_of(segments)) if is_enough(segments) else None)
        if is_enough(segments):
            usual = median_low(seconds_of(segments))
            counted = [
                result
                for result in segments
                if SegmentFlag.QUIET not in result.segment.flags
                and (result.outcome.scores or {})["angry"] >= usual + points / 20
            ]
            expected[channel] = len(seconds_of(counted))
    heard = max(expected.values(), default=0)
    alerts = find_alerts([rule], [*agent, *customer], CALL, 400 * SAMPLE_RATE)
    if heard < at_least_s:
        assert alerts == ()
    else:
        (alert,) = alerts
        assert alert.heard == heard * SAMPLE_RATE
        assert alert.heard_in is not None
        assert expected[alert.heard_in] == heard


@settings(max_examples=100, deadline=None)
@given(channel_segments(1))
def test_rises_are_runs_of_seconds_far_above_the_median(segments: list[SegmentResult]) -> None:
    rises = find_rises(result_of(segments))
    assert {rise.emotion for rise in rises} <= {"angry"}
    if not is_enough(segments):
        assert rises == ()
        return
    seconds = seconds_of(segments)
    usual = median_low(seconds)
    least = usual + max(0.25, 2 * 1.4826 * median_low(abs(score - usual) for score in seconds))
    trusted = [result for result in segments if SegmentFlag.QUIET not in result.segment.flags]
    expected: list[tuple[int, int, int]] = []
    for is_high, run in groupby(trusted, key=lambda result: seconds_of([result])[0] >= least):
        members = list(run)
        if is_high and len(seconds_of(members)) >= 5:
            expected.append((members[0].segment.start, members[-1].segment.end, len(seconds_of(members))))
    assert [(rise.start, rise.end, rise.speech // SAMPLE_RATE) for rise in rises] == expected


def test_a_customer_who_becomes_angry_is_angrier_than_usual_for_a_time() -> None:
    calm = [spoken(number, 10, 0.1) for number in range(8)]
    calm[4:6] = [spoken(4, 3, 0.7), spoken(5, 5, 0.9)]
    agent = [spoken(number, 10, 0.8, channel=0) for number in range(8)]
    (rise,) = find_rises(result_of([*calm, *agent]))
    assert (rise.channel, rise.start, rise.end) == (1, 80 * SAMPLE_RATE, 105 * SAMPLE_RATE)
    assert (rise.speech, rise.usual) == (8 * SAMPLE_RATE, 0.1)
    assert rise.score == pytest.approx((3 * 0.7 + 5 * 0.9) / 8)


def test_usual_scores_are_the_medians_of_a_channel() -> None:
    segments = [spoken(number, 10, angry) for number, angry in enumerate([0.1, 0.2, 0.3, 0.9, 1.0])]
    usual = usual_scores(segments)
    assert usual == pytest.approx({"angry": 0.3, "neutral": 0.7})
    assert usual_scores(segments[:4]) is None


def test_corrections_count_in_what_is_usual_and_in_what_exceeds_it() -> None:
    segments = [spoken(number, 10, 0.9 if number in (2, 3) else 0.1) for number in range(8)]
    rule = AlertRule("angrier", ("angry",), 10_000, above_usual=0.5)

    def corrected(emotions: dict[int, str]) -> Sequence[SegmentResult]:
        corrections = {number: Correction(emotion, None, datetime.now(UTC)) for number, emotion in emotions.items()}
        return apply_corrections(replace(each, correction=corrections.get(each.segment.index)) for each in segments)

    def found(results: Sequence[SegmentResult]) -> tuple[list[tuple[int, int]], int]:
        alerts = find_alerts([rule], results, CALL, 400 * SAMPLE_RATE)
        rises = [(rise.start // SAMPLE_RATE, rise.end // SAMPLE_RATE) for rise in find_rises(result_of(results))]
        return rises, sum(alert.heard for alert in alerts) // SAMPLE_RATE

    assert found(segments) == ([(40, 70)], 20)
    assert found(corrected({2: "neutral", 3: "neutral"})) == ([], 0)
    assert found(corrected({2: "neutral", 3: "neutral", 6: "angry"})) == ([(120, 130)], 10)
    # The model has no such emotion.
    (rise,) = find_rises(result_of(corrected({2: "happy", 3: "happy"})))
    assert (rise.emotion, rise.score, rise.usual) == ("happy", 1, 0)
    usual = usual_scores(corrected(dict.fromkeys(range(6), "neutral")))
    assert usual == {"angry": 0, "neutral": 1}


@pytest.mark.parametrize("above_usual", [0.04, 1.01, float("nan")])
def test_a_difference_that_cannot_be_meant_is_refused(above_usual: float) -> None:
    with pytest.raises(ValueError, match="above_usual must be"):
        replace(AlertRule("x", ("angry",)), above_usual=above_usual)
