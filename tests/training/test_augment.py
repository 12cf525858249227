"""Augmentation returns finite waveforms, the same for the same generator state."""

from collections.abc import Callable

import numpy as np
import pytest

from lab.training.architecture import SAMPLE_RATE
from lab.training.augment import (
    babble,
    change_gain,
    change_speed,
    coloured_noise,
    cut,
    distort,
    telephone,
    vary,
    with_noise,
)
from lab.training.dataset import Waveform

Change = Callable[[Waveform, np.random.Generator], Waveform]


@pytest.fixture
def tone() -> Waveform:
    """One second of 200 Hz."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    return (0.1 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


@pytest.mark.parametrize("change", [vary, distort])
def test_the_same_generator_state_gives_the_same_waveform(tone: Waveform, change: Change) -> None:
    first, second = (change(tone, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("change", [vary, distort])
def test_changes_give_finite_float32(tone: Waveform, change: Change, seed: int) -> None:
    changed = change(tone, np.random.default_rng(seed))
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()


def test_speeding_up_shortens_and_raises_the_pitch(tone: Waveform) -> None:
    faster = change_speed(tone, 1.25)
    assert len(faster) == len(tone) * 4 / 5
    peak_hz = np.abs(np.fft.rfft(faster)).argmax() * SAMPLE_RATE / len(faster)
    assert peak_hz == pytest.approx(250, abs=2)


def test_noise_fits_a_waveform_whose_transform_has_an_odd_length() -> None:
    assert len(coloured_noise(46_875, np.random.default_rng(0))) == 46_875


def test_noise_has_the_asked_level(tone: Waveform) -> None:
    rng = np.random.default_rng(0)
    for noise in (coloured_noise(len(tone), rng), babble(tone, rng)):
        added = with_noise(tone, 20.0, noise) - tone
        assert 10 * np.log10(np.mean(tone**2) / np.mean(added**2)) == pytest.approx(20.0, abs=0.5)


def test_telephone_removes_frequencies_outside_its_band(tone: Waveform) -> None:
    high = np.sin(2 * np.pi * 5000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    for outside in (tone, high):
        assert np.std(telephone(outside, (300.0, 3400.0))) < 0.1 * np.std(outside)


def test_a_cut_keeps_the_given_seconds_or_all(tone: Waveform) -> None:
    assert len(cut(tone, 0.25, np.random.default_rng(0))) == SAMPLE_RATE / 4
    np.testing.assert_array_equal(cut(tone, 2.0, np.random.default_rng(0)), tone)


def test_gain_of_minus_20_db_divides_by_ten(tone: Waveform) -> None:
    np.testing.assert_allclose(change_gain(tone, -20.0), tone / 10, rtol=1e-6)
