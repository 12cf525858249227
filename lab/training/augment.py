"""Random changes of a waveform that keep its emotion: of vocal tract, room, line and level.

All functions return a changed copy, possibly of another length; a fixed generator state gives a fixed result.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from lab.training.architecture import SAMPLE_RATE
from lab.training.dataset import Waveform

VOICES = 8
"""Voices in the babble."""


def vary(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Change a waveform a little, for the training of the front end."""
    waveform = change_speed(waveform, rng.uniform(0.85, 1.18))
    waveform = surround_with_silence(waveform, rng.uniform(0.0, 0.4, size=2))
    waveform = equalise(waveform, rng.normal(0.0, 3.0, size=6))
    if rng.random() < 0.25:
        waveform = reverberate(waveform, rng.uniform(0.1, 0.4), 8.0, rng)
    waveform = with_noise(waveform, rng.uniform(10.0, 45.0), coloured_noise(len(waveform), rng))
    if rng.random() < 0.2:
        waveform = telephone(waveform, (300.0, 3400.0))
    return change_gain(waveform, rng.uniform(-25.0, 3.0))


def distort(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Change a waveform as much as recordings outside a studio differ.

    Each distortion is applied to some copies only, so that there is also a telephone without noise, and noise without a
    room.
    """
    waveform = change_speed(waveform, rng.uniform(0.85, 1.18))
    if rng.random() < 0.3:
        waveform = cut(waveform, rng.uniform(0.8, 2.0), rng)
    else:
        waveform = surround_with_silence(waveform, rng.uniform(0.0, 0.4, size=2))
    if rng.random() < 0.5:
        waveform = equalise(waveform, rng.normal(0.0, 3.0, size=6))
    if rng.random() < 0.3:
        waveform = reverberate(waveform, rng.uniform(0.1, 0.8), rng.uniform(0.0, 10.0), rng)
    if rng.random() < 0.6:
        noise = babble(waveform, rng) if rng.random() < 0.3 else coloured_noise(len(waveform), rng)
        waveform = with_noise(waveform, rng.uniform(0.0, 40.0), noise)
    return change_gain(through_line(waveform, rng), rng.uniform(-25.0, 3.0))


def change_speed(waveform: Waveform, factor: float) -> Waveform:
    """Play `factor` times as fast: tempo, pitch and formants move together, as with another vocal tract."""
    ratio = Fraction(1.0 / factor).limit_denominator(40)
    return np.asarray(resample_poly(waveform, ratio.numerator, ratio.denominator), dtype=np.float32)


def cut(waveform: Waveform, seconds: float, rng: np.random.Generator) -> Waveform:
    """Keep `seconds` from a random place, or the whole waveform where it is shorter."""
    length = int(seconds * SAMPLE_RATE)
    start = rng.integers(max(1, len(waveform) - length + 1))
    return waveform[start : start + length]


def surround_with_silence(waveform: Waveform, seconds: NDArray[np.float64]) -> Waveform:
    """Put `seconds[0]` of silence before and `seconds[1]` after."""
    before, after = (seconds * SAMPLE_RATE).astype(int)
    return np.pad(waveform, (before, after))


def equalise(waveform: Waveform, gains_db: NDArray[np.float64]) -> Waveform:
    """Shape the spectrum by gains in dB at points spread evenly over a logarithmic 100 Hz to 8 kHz."""
    length = next_fast_len(len(waveform), real=True)
    spectrum = rfft(waveform, length)
    frequencies = np.maximum(rfftfreq(length, 1 / SAMPLE_RATE), 1.0)
    points = np.linspace(np.log(100.0), np.log(SAMPLE_RATE / 2), len(gains_db))
    gain = 10 ** (np.interp(np.log(frequencies), points, gains_db) / 20)
    return np.asarray(irfft(spectrum * gain, length)[: len(waveform)], dtype=np.float32)


def reverberate(
    waveform: Waveform, reverberation_time: float, direct_to_reverberant_db: float, rng: np.random.Generator
) -> Waveform:
    """Add a diffuse tail that falls by 60 dB in `reverberation_time` seconds."""
    time = np.arange(int(reverberation_time * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(time)) * 10 ** (-3 * time / reverberation_time)
    response = 10 ** (-direct_to_reverberant_db / 20) * tail / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return np.asarray(fftconvolve(waveform, response)[: len(waveform)], dtype=np.float32)


def with_noise(waveform: Waveform, snr_db: float, noise: NDArray[np.float64]) -> Waveform:
    """Add `noise` at this ratio of the mean powers."""
    scale = np.sqrt(np.mean(waveform**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return np.asarray(waveform + scale * noise, dtype=np.float32)


def coloured_noise(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise between white, whose power is even, and pink, whose power falls in proportion to frequency."""
    colour = rng.uniform(0.0, 1.0)
    padded = next_fast_len(length, real=True)
    spectrum = rfft(rng.normal(size=padded))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** (colour / 2)
    return np.asarray(irfft(spectrum, padded)[:length])


def babble(waveform: Waveform, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return several unintelligible voices at once: the clip itself, reversed and rotated."""
    starts = rng.integers(len(waveform), size=VOICES)
    return np.asarray(np.sum([np.roll(waveform[::-1], start) for start in starts], axis=0, dtype=np.float64))


def through_line(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Send some waveforms by telephone and some through a low-pass, as codecs have it; return most unchanged."""
    line = rng.random()
    if line < 0.35:
        lowest = np.exp(rng.uniform(np.log(100.0), np.log(400.0)))
        return telephone(waveform, (lowest, rng.uniform(3000.0, 3800.0)))
    if line < 0.5:
        return low_pass(waveform, rng.uniform(3000.0, 7500.0))
    return waveform


def telephone(waveform: Waveform, band: tuple[float, float]) -> Waveform:
    """Keep only `band`, in Hz, through 8 kHz sampling and back."""
    sections = butter(6, band, btype="bandpass", fs=SAMPLE_RATE, output="sos")
    halved = resample_poly(sosfilt(sections, waveform), 1, 2)
    return np.asarray(resample_poly(halved, 2, 1)[: len(waveform)], dtype=np.float32)


def low_pass(waveform: Waveform, highest: float) -> Waveform:
    """Keep the frequencies below `highest` Hz."""
    sections = butter(16, highest, fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(sections, waveform), dtype=np.float32)


def change_gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Scale by `gain_db` decibels."""
    return np.asarray(waveform * 10 ** (gain_db / 20), dtype=np.float32)
