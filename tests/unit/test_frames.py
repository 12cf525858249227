from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.frame_scores import Floats, Grid, grid, softmax
from tests.support.frame_parts import LABELS, Part, odds, part, recordings


def happy(bins_: Grid) -> list[float]:
    return [round(float(score), 6) for score in bins_.scores[:, 0]]


def test_a_bin_has_the_softmax_of_the_mean_logits_of_its_frames() -> None:
    bins_ = grid([part(0, 0, odds(3, 3, 9, 1, 1 / 3))], LABELS, 40)
    assert bins_.start_ms.tolist() == [0, 40, 80]
    assert happy(bins_) == [0.75, 0.75, 0.25]  # the odds 9 and 1 have the geometric mean 3
    assert np.allclose(bins_.scores.sum(axis=1), 1)
    assert (bins_.hop_ms, bins_.labels, str(bins_.scores.dtype)) == (40, LABELS, "float32")


@pytest.mark.parametrize(("start", "first"), [(0, 0), (1599, 0), (1600, 100), (1601, 100), (16 * 3_600_000, 3_600_000)])
def test_a_frame_counts_for_the_bin_in_which_it_begins(start: int, first: int) -> None:
    bins_ = grid([part(0, start / 16, odds(3))], LABELS, 100)
    assert bins_.start_ms.tolist() == [first]


def test_bins_are_counted_from_the_start_of_the_recording_not_of_the_segment() -> None:
    bins_ = grid([part(0, 90, odds(9, 3, 3, 3, 3, 3))], LABELS, 100)
    assert bins_.start_ms.tolist() == [0, 100]
    assert happy(bins_) == [0.9, 0.75]


def test_bins_without_a_frame_are_left_out() -> None:
    bins_ = grid([part(0, 0, odds(3)), part(1, 5000, odds(3))], LABELS, 100)
    assert bins_.start_ms.tolist() == [0, 5000]
    assert bins_.segment.tolist() == [0, 1]


def test_two_segments_that_meet_in_a_bin_share_it_by_their_frames() -> None:
    bins_ = grid([part(0, 0, odds(9, 9)), part(1, 50, odds(1, 1))], LABELS, 100)
    assert bins_.start_ms.tolist() == [0]
    assert bins_.segment.tolist() == [0]
    assert happy(bins_) == [0.75]


def test_each_channel_has_its_own_bins() -> None:
    parts = [part(0, 0, odds(9)), part(1, 10, odds(3), channel=1), part(2, 100, odds(1)), part(3, 110, odds(1), 1)]
    bins_ = grid(parts, LABELS, 100)
    assert bins_.channel.tolist() == [0, 0, 1, 1]
    assert bins_.start_ms.tolist() == [0, 100, 0, 100]
    assert bins_.segment.tolist() == [0, 2, 1, 3]
    assert happy(bins_) == [0.9, 0.5, 0.75, 0.5]


def test_a_label_that_a_segments_model_did_not_know_scores_zero() -> None:
    bins_ = grid([part(0, 0, [[1.0, -math.inf]]), part(1, 100, odds(3))], LABELS, 100)
    assert happy(bins_) == [1.0, 0.75]


def test_nothing_scored_is_an_empty_grid() -> None:
    for labels in (LABELS, ()):
        bins_ = grid([], labels, 100)
        assert bins_.scores.shape == (0, len(labels))
        assert bins_.start_ms.tolist() == bins_.channel.tolist() == bins_.segment.tolist() == []


@given(recordings())
def test_with_the_models_own_hop_every_frame_appears_once(parts: list[Part]) -> None:
    bins_ = grid(parts, LABELS, 20)
    for channel in (0, 1):
        frames = [(segment.index, score) for segment, logits in parts if segment.channel == channel for score in logits]
        mine = bins_.channel == channel
        assert bins_.segment[mine].tolist() == [index for index, _ in frames]
        if frames:
            assert np.allclose(bins_.scores[mine], softmax(np.array([score for _, score in frames])), atol=1e-6)
        assert (np.diff(bins_.start_ms[mine]) > 0).all()


@given(recordings(), st.sampled_from([20, 60, 100, 1000]))
def test_any_hop_equals_counting_frame_by_frame(parts: list[Part], hop_ms: int) -> None:
    bins: dict[tuple[int, int], list[Floats]] = defaultdict(list)
    for segment, logits in parts:
        for frame, frame_logits in enumerate(logits):
            bins[segment.channel, (segment.start + 320 * frame) // (16 * hop_ms) * hop_ms].append(frame_logits)
    bins_ = grid(parts, LABELS, hop_ms)
    assert list(zip(bins_.channel.tolist(), bins_.start_ms.tolist(), strict=True)) == sorted(bins)
    for frame_logits, key in zip(bins_.scores, sorted(bins), strict=True):
        assert np.allclose(frame_logits, softmax(np.mean(bins[key], axis=0)), atol=1e-5)


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_the_mean_over_a_segments_frames_gives_the_segments_scores_also_from_their_scores(
    frames: int, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(scale=3, size=(frames, 9)).astype(np.float32)
    of_segment = softmax(logits.mean(axis=0))
    assert np.allclose(softmax(np.log(softmax(logits)).mean(axis=0)), of_segment, atol=1e-5)
    assert softmax(logits + 100).max() <= 1
