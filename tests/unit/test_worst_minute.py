"""The worst minute against a search through every second, and its rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag, SegmentResult
from shared.findings.worst_minute import NEGATIVE_EMOTIONS, find_worst_minute
from tests.support.segment_results import scored

MINUTES_3 = 180 * SAMPLE_RATE


def share_from(results: list[SegmentResult], start: int) -> float:
    """The share of negative speech in the minute from a sample on."""
    heard = dict.fromkeys((True, False), 0.0)
    for result in results:
        first = max(result.segment.start, start)
        last = min(result.segment.end, start + 60 * SAMPLE_RATE)
        spread = result.segment.speech / result.segment.duration
        heard[result.outcome.emotion in NEGATIVE_EMOTIONS] += max(0, last - first) * spread
    total = sum(heard.values())
    return heard[True] / total if round(total) >= 2 * SAMPLE_RATE else 0.0


segments = st.lists(
    st.tuples(
        st.integers(0, 170),
        st.integers(1, 25),
        st.sampled_from(["angry", "sad", "neutral", "happy"]),
        st.sampled_from([0.25, 0.7, 1.0]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(segments)
def test_no_second_begins_a_worse_minute(spans: list[tuple[int, int, str, float]]) -> None:
    results = []
    for index, (start, length, emotion, spread) in enumerate(spans):
        result = scored(index, start, min(180, start + length), emotion, 0.9)
        speech = round(spread * result.segment.duration)
        results.append(replace(result, segment=replace(result.segment, speech=speech)))
    best = max(share_from(results, start * SAMPLE_RATE) for start in range(121))
    worst = find_worst_minute(results, MINUTES_3)
    assert (worst.share if worst else 0.0) >= best - 1e-4
    if worst:
        assert share_from(results, worst.start) == pytest.approx(worst.share, abs=1e-4)


def test_of_equal_minutes_the_one_with_more_negative_speech_is_worse_then_the_earlier() -> None:
    results = [scored(0, 0, 5, "angry", 0.9), scored(1, 70, 90, "sad", 0.9), scored(2, 150, 170, "sad", 0.9)]
    worst = find_worst_minute(results, MINUTES_3)
    assert worst is not None
    assert (worst.start, worst.share) == (30 * SAMPLE_RATE, 1.0)


@pytest.mark.parametrize(
    "flag", [SegmentFlag.TOO_SHORT, SegmentFlag.QUIET, SegmentFlag.CROSSTALK, SegmentFlag.NOT_SPEECH]
)
def test_flagged_or_hardly_any_speech_makes_no_worst_minute(flag: SegmentFlag) -> None:
    angry = scored(0, 0, 20, "angry", 0.9)
    flagged = replace(angry, segment=replace(angry.segment, flags=(flag,)))
    assert find_worst_minute([flagged], MINUTES_3) is None
    assert find_worst_minute([scored(0, 0, 1.9, "angry", 0.9)], MINUTES_3) is None
    assert find_worst_minute([scored(0, 0, 20, "happy", 0.9)], MINUTES_3) is None
    assert find_worst_minute([], MINUTES_3) is None


def test_narrowband_speech_of_telephones_counts() -> None:
    angry = scored(0, 0, 20, "angry", 0.9)
    narrowband = replace(angry, segment=replace(angry.segment, flags=(SegmentFlag.NARROWBAND,)))
    assert find_worst_minute([narrowband], MINUTES_3) is not None
