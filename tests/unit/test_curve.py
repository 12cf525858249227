"""Curves against sums that are written out, segment by segment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Correction, SegmentResult, apply_corrections
from shared.findings.affect import COORDINATES
from shared.findings.channel_segments import split_channels
from shared.findings.curve import Curve, Grid, compute_curve
from tests.support.report_inputs import AT
from tests.support.segment_results import scored, scored_as

MIXED = {"angry": 0.5, "neutral": 0.2, "other": 0.3}


def curve_of(results: list[SegmentResult], seconds: int, window_s: int | None = None) -> Curve:
    return compute_curve(split_channels(results), seconds * SAMPLE_RATE, window_s)


def test_a_point_is_the_mean_over_its_window_weighted_by_speech() -> None:
    # The window of the point at 9.5 s is [8, 11): a second of the first segment, a second of speech of the other.
    first = scored_as(0, 0, 9, {"happy": 0.8, "sad": 0.2})
    second = scored_as(1, 9, 13, {"happy": 0.1, "sad": 0.9}, speech_s=2)
    curve = curve_of([first, second], 20)
    (channel,) = curve.channels
    assert (curve.grid.window, curve.grid.step, curve.grid.count) == (3 * SAMPLE_RATE, SAMPLE_RATE, 20)
    assert channel.scores[9].tolist() == pytest.approx([0.45, 0.55])
    assert channel.speech[9] == 2 * SAMPLE_RATE
    assert channel.segments[9] == pytest.approx(2)
    assert channel.segments[3] == pytest.approx(1)
    valences = [COORDINATES["happy"].valence, COORDINATES["sad"].valence]
    mean = 0.45 * valences[0] + 0.55 * valences[1]
    spread = 0.45 * (valences[0] - mean) ** 2 + 0.55 * (valences[1] - mean) ** 2
    assert channel.affect[9, 0] == pytest.approx(mean)
    assert channel.affect_errors[9, 0] == pytest.approx(math.sqrt(spread / 2))


def test_gaps_stay_gaps() -> None:
    (channel,) = curve_of([scored(0, 0, 4, "sad", 1), scored(1, 6, 9, "sad", 1)], 12).channels
    silent = [4, 5, 9, 10, 11]
    assert np.flatnonzero(np.isnan(channel.scores[:, 0])).tolist() == silent
    assert np.flatnonzero(np.isnan(channel.affect[:, 0])).tolist() == silent
    assert channel.speech[silent].tolist() == [0] * 5


def test_labels_without_coordinates_are_left_out_of_valence_and_arousal() -> None:
    (channel,) = curve_of([scored_as(0, 0, 3, MIXED)], 3).channels
    expected = (0.5 * COORDINATES["angry"].valence + 0.2 * COORDINATES["neutral"].valence) / 0.7
    assert channel.affect[1, 0] == pytest.approx(expected)
    (unknown,) = curve_of([scored_as(0, 0, 3, {"unknown": 1.0})], 3).channels
    assert np.isnan(unknown.affect).all()
    assert unknown.scores.tolist() == [[1.0]] * 3


def test_coordinates_are_the_published_ratings_moved_to_minus_one_to_one() -> None:
    assert COORDINATES["happy"] == pytest.approx(((8.47 - 5) / 4, (6.05 - 5) / 4))
    assert set(COORDINATES) == {"angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"}
    assert all(-1 <= number <= 1 for point in COORDINATES.values() for number in point)


def test_a_correction_counts_as_a_certain_score() -> None:
    result = scored_as(0, 0, 3, MIXED)
    corrected = SegmentResult(result.segment, result.outcome, Correction("angry", None, AT))
    (channel,) = split_channels(apply_corrections([corrected]))
    assert dict(zip(channel.labels, channel.scores[0].tolist(), strict=True)) == {"angry": 1, "neutral": 0, "other": 0}


@pytest.mark.parametrize(
    ("seconds", "window_s", "expected"),
    [(35, None, (3, 1, 35)), (600, None, (3, 1, 600)), (3600, None, (18, 6, 600)), (86_400, None, (432, 144, 600)),
     (3600, 60, (60, 20, 180)), (30, 3600, (3600, 1200, 1)), (0, None, (3, 1, 0))],
)  # fmt: skip
def test_the_window_grows_with_the_recording(seconds: int, window_s: int | None, expected: tuple[int, ...]) -> None:
    grid = Grid.for_duration(seconds * SAMPLE_RATE, window_s)
    assert (grid.window // SAMPLE_RATE, grid.step // SAMPLE_RATE, grid.count) == expected


def test_a_narrow_window_over_days_has_a_bounded_number_of_points() -> None:
    assert Grid.for_duration(7 * 86_400 * SAMPLE_RATE, 1).count <= 20_000


@st.composite
def recordings(draw: st.DrawFn) -> list[SegmentResult]:
    results: list[SegmentResult] = []
    now = 0.0
    for index in range(draw(st.integers(1, 8))):
        start = now + draw(st.floats(0, 6))
        now = start + draw(st.floats(0.3, 25))
        share = draw(st.floats(0, 1))
        speech = (now - start) * draw(st.floats(0.2, 1))
        results.append(scored_as(index, start, now, {"sad": share, "other": 1 - share}, speech_s=speech))
    return results


@settings(max_examples=30)
@given(recordings(), st.integers(1, 9))
def test_each_point_is_the_sum_over_its_segments(results: list[SegmentResult], window_s: int) -> None:
    seconds = math.ceil(results[-1].segment.end / SAMPLE_RATE)
    curve = curve_of(results, seconds, window_s)
    (channel,) = curve.channels
    grid = curve.grid
    for point, time in enumerate(grid.times.tolist()):
        low = point * grid.step - (grid.window - grid.step) // 2
        weights, voiced = [], False
        for result in results:
            segment = result.segment
            shared = max(0, min(segment.end, low + grid.window) - max(segment.start, low))
            weights.append(shared * segment.speech / segment.duration)
            voiced |= segment.start < (point + 1) * grid.step and segment.end > point * grid.step
        assert abs(time - (low + grid.window / 2)) <= 1
        if not voiced:
            assert np.isnan(channel.scores[point]).all()
            continue
        sad = [(result.outcome.scores or {})["sad"] for result in results]
        total = sum(weights)
        assert channel.speech[point] == pytest.approx(total)
        assert channel.scores[point, 0] == pytest.approx(np.dot(weights, sad) / total)
        assert channel.segments[point] == pytest.approx(total**2 / np.dot(weights, weights))
