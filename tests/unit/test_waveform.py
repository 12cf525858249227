"""Peaks, compared with NumPy over the whole sound at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.waveform import Peaks, Waveform
from worker.pipeline.peaks import PeakMeter, join_channels
from worker.pipeline.ports import Samples


def metered(sound: Samples, lengths: Sequence[int]) -> Peaks:
    """The peaks of sound that comes in blocks of these lengths, and then the rest at once."""
    meter, at = PeakMeter(), 0
    for length in lengths:
        meter.feed(sound[at : at + length])
        at += length
    meter.feed(sound[at:])
    return meter.peaks()


def sound_of(length: int, seed: int) -> Samples:
    return np.random.default_rng(seed).integers(-32_768, 32_768, length).astype(np.int16)


def direct(sound: Samples) -> list[list[int]]:
    """Lowest and highest of every 320 samples, to the nearest of 256 steps."""
    steps = [sound[at : at + 320].tolist() for at in range(0, len(sound), 320)]
    return [[math.floor(low / 256 + 0.5), min(127, math.floor(high / 256 + 0.5))] for low, high in map(extremes, steps)]


def extremes(step: list[int]) -> tuple[int, int]:
    return min(step), max(step)


@given(st.integers(0, 4000), st.integers(0, 2**32), st.lists(st.integers(0, 1500), max_size=8))
def test_peaks_are_the_lowest_and_highest_of_every_20_ms_in_whatever_blocks_the_sound_comes(
    length: int, seed: int, lengths: list[int]
) -> None:
    sound = sound_of(length, seed)
    assert metered(sound, lengths).tolist() == direct(sound)


@pytest.mark.parametrize(
    ("sample", "peak"), [(0, 0), (127, 0), (-128, 0), (128, 1), (-129, -1), (32_767, 127), (-32_768, -128)]
)
def test_a_peak_is_a_sample_to_the_nearest_of_256_steps(sample: int, peak: int) -> None:
    assert metered(np.full(320, sample, np.int16), []).tolist() == [[peak, peak]]


def test_reading_a_meter_in_between_changes_nothing() -> None:
    sound, meter = sound_of(1000, 1), PeakMeter()
    meter.feed(sound[:500])
    assert meter.peaks().tolist() == direct(sound[:500])
    meter.feed(sound[500:])
    assert meter.peaks().tolist() == direct(sound)


def test_a_minute_is_looked_at_in_parts_and_nothing_is_lost_between() -> None:
    sound = sound_of(60 * 16_000 + 7, 2)
    assert metered(sound, [15_999] * 61).tolist() == direct(sound)


def waveform(pairs: int, seed: int = 0) -> Waveform:
    first, right = (np.sort(np.random.default_rng(seed + i).integers(-128, 128, (pairs, 2))) for i in (0, 1))
    return join_channels({0: first.astype(np.int8), 3: right.astype(np.int8)}, pairs * 320)


@given(st.integers(1, 500), st.integers(1, 600), st.integers(0, 2**32))
def test_fewer_points_keep_every_peak_and_the_place_of_each(pairs: int, points: int, seed: int) -> None:
    whole = waveform(pairs, seed)
    reduced = whole.reduced(points)
    number = min(points, pairs)
    assert (reduced.peaks.shape, reduced.channels, reduced.end) == ((number, 2, 2), (0, 3), whole.end)
    edges = [point * pairs // number for point in range(number + 1)]
    for point in range(number):
        part = whole.peaks[edges[point] : edges[point + 1]]
        assert reduced.peaks[point].tolist() == [
            [part[:, channel, 0].min(), part[:, channel, 1].max()] for channel in (0, 1)
        ]


def test_one_channel_of_several() -> None:
    whole = waveform(5)
    assert whole.select_channels((3,)).channels == (3,)
    assert np.array_equal(whole.select_channels((3,)).peaks[:, 0], whole.peaks[:, 1])
    assert whole.select_channels(()).reduced(3).peaks.shape == (3, 0, 2)
