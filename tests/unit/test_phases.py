from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.phases import find_phases
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentResult
from tests.support.segment_results import scored

EMOTIONS = ("neutral", "angry", "sad")


def segments(*emotions: str) -> list[SegmentResult]:
    """Segments of 10 s without a pause between them."""
    return [scored(index, 10 * index, 10 * index + 10, name, 0.9) for index, name in enumerate(emotions)]


def phases_of(phases: list[SegmentResult]) -> list[tuple[Any, ...]]:
    return [
        (phase.start // SAMPLE_RATE, phase.end // SAMPLE_RATE, phase.emotion, phase.share)
        for phase in find_phases(phases)
    ]


def test_a_recording_of_one_emotion_is_one_phase() -> None:
    assert phases_of(segments(*["neutral"] * 40)) == [(0, 400, "neutral", 1.0)]


def test_a_turn_is_where_another_emotion_begins_to_prevail() -> None:
    phases = phases_of(segments(*["neutral"] * 40, *["angry"] * 20))
    assert phases == [(0, 400, "neutral", 1.0), (400, 600, "angry", 1.0)]


def test_a_short_emotion_makes_no_phase_but_counts_in_the_share() -> None:
    phases = phases_of(segments(*["neutral"] * 60, "angry", *["neutral"] * 39))
    assert phases == [(0, 1000, "neutral", pytest.approx(0.99))]


def test_a_phase_of_changing_emotions_has_the_most_frequent_with_a_share_under_half() -> None:
    (phase,) = phases_of(segments(*["neutral", "angry", "sad", "neutral", "sad"] * 60))
    assert phase == (0, 3000, "neutral", pytest.approx(0.4))


def test_a_day_of_segments_has_a_few_phases() -> None:
    phases = phases_of(segments(*["neutral"] * 4000, *["sad", "angry"] * 1000, *["neutral"] * 2600))
    assert [(emotion, round(share, 1)) for _, _, emotion, share in phases] in (
        [("neutral", 1.0), ("sad", 0.5), ("neutral", 1.0)],
        [("neutral", 1.0), ("angry", 0.5), ("neutral", 1.0)],
    )


@given(st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=60))
def test_phases_cover_all_segments_turn_at_each_bound_and_cannot_be_bettered_by_leaving_one_out(
    emotions: list[str],
) -> None:
    phases = find_phases(segments(*emotions))
    assert phases[0].start == 0
    assert phases[-1].end == 10 * SAMPLE_RATE * len(emotions)
    for before, after in pairwise(phases):
        assert before.end == after.start
        assert before.emotion != after.emotion
    assert len(phases) <= 20
    for phase in phases:
        inside = emotions[phase.start // (10 * SAMPLE_RATE) : phase.end // (10 * SAMPLE_RATE)]
        assert phase.share == pytest.approx(inside.count(phase.emotion) / len(inside))
        assert inside.count(phase.emotion) == max(map(inside.count, EMOTIONS))
