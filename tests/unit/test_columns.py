"""Columns of heat maps average and never sample: their scores average back to the scores of the segments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.time_columns import TimeColumns
from shared.domain.segment import Segment
from shared.frame_scores import softmax
from tests.support.frame_parts import LABELS, Part, odds, part, recordings

FRAME = 320


def counted(parts: list[Part], columns: TimeColumns, channel: int) -> list[int]:
    """Count the frames that begin in each column."""
    mine = [(segment.start, len(logits)) for segment, logits in parts if segment.channel == channel]
    begun = [(start + FRAME * frame) // columns.hop for start, frames in mine for frame in range(frames)]
    return [begun.count(column) for column in range(columns.count)]


@given(recordings(), st.integers(1, 400))
def test_the_columns_average_back_to_the_segments_scores(parts: list[Part], max_count: int) -> None:
    # A column has the mean of the scores of its parts of segments. A column with whole segments has exactly the mean of
    # the segments' scores; `max_count` 1 is that case.
    duration = max((segment.end for segment, _ in parts), default=1)
    columns = TimeColumns.for_duration(duration, max_count)
    scores_by_channel = columns.average_scores(parts, len(LABELS), columns.hop)
    for channel, scores in scores_by_channel.items():
        weights = np.array(counted(parts, columns, channel))
        assert (np.isnan(scores).any(axis=1) == (weights == 0)).all()
        assert np.allclose(scores[weights > 0].sum(axis=1), 1, atol=1e-5)
        of_channel = [(segment, logits) for segment, logits in parts if segment.channel == channel]
        if columns.count == 1:
            expected = sum(len(logits) * softmax(logits.mean(axis=0)) for _, logits in of_channel) / weights.sum()
            assert np.allclose(scores[0], expected, atol=1e-4)


@given(st.integers(1, 400), st.integers(0, 40_000), st.integers(1, 60), st.integers(0, 2**32))
def test_the_columns_of_a_segment_have_its_scores_as_their_geometric_mean(
    frames: int, start: int, max_count: int, seed: int
) -> None:
    # Exactly, but for rounding: the softmax undoes a mean of logarithms, as the model's own mean over frames is one.
    logits = np.random.default_rng(seed).normal(scale=3, size=(frames, 9)).astype(np.float32)
    segment_part = (Segment(0, 0, start, start + FRAME * frames + 80, 0), logits)
    columns = TimeColumns.for_duration(segment_part[0].end, max_count)
    scores, weights = (
        columns.average_scores([segment_part], 9, columns.hop)[0],
        np.array(counted([segment_part], columns, 0)),
    )
    logs = np.log(scores[weights > 0])
    averaged = np.average(logs, axis=0, weights=weights[weights > 0])
    assert np.allclose(softmax(averaged.astype(np.float32)), softmax(logits.mean(axis=0)), atol=1e-4)


def test_a_column_of_two_segments_has_the_mean_of_their_scores_by_their_frames() -> None:
    columns = TimeColumns(16_000, 2)
    scores_by_channel = columns.average_scores([part(0, 0, odds(9)), part(1, 100, odds(1, 1, 1))], 2, columns.hop)
    assert scores_by_channel[0][0] == pytest.approx([0.9 / 4 + 0.5 * 3 / 4, 0.1 / 4 + 0.5 * 3 / 4])
    assert np.isnan(scores_by_channel[0][1]).all()


def test_a_column_has_the_scores_of_the_window_around_it_and_none_where_no_frame_begins() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(scale=3, size=(200, 3)).astype(np.float32)  # four seconds
    segment = Segment(0, 0, 16_000, 16_000 + 200 * FRAME, 0)
    columns = TimeColumns(1600, 80)
    scores = columns.average_scores([(segment, logits)], 3, 48_000)[0]
    for column in range(80):
        bounds = (1600 * column - 23_200 - 16_000, 1600 * (column + 1) + 23_200 - 16_000)
        inside = [row for frame, row in enumerate(logits) if bounds[0] <= FRAME * frame < bounds[1]]
        if 10 <= column < 50:
            assert scores[column] == pytest.approx(softmax(np.mean(inside, axis=0)), abs=1e-5)
        else:
            assert np.isnan(scores[column]).all()


def test_no_column_is_shorter_than_100_ms_and_none_is_missing() -> None:
    assert TimeColumns.for_duration(16_000 * 30, 1000) == TimeColumns(1600, 300)
    assert TimeColumns.for_duration(16_000 * 18_000, 1340) == TimeColumns(math.ceil(16_000 * 18_000 / 1340), 1340)
    assert TimeColumns.for_duration(16_000 * 30 + 1, 1000).count == 301
    assert TimeColumns.for_duration(0, 1000).count == 1


def test_a_column_has_the_emotion_that_takes_most_of_it() -> None:
    columns = TimeColumns(1600, 4)
    spans = [((0, 500), 1), ((500, 2400), 0), ((2400, 3300), 1)]
    assert columns.prevailing_kinds(spans, 2).tolist() == [0, 0, 1, -1]
    assert columns.prevailing_kinds([], 0).tolist() == [-1] * 4
