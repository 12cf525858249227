"""Random changes of a waveform that leave its emotion as it was: another throat, room, line and level."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from training.architecture import SAMPLE_RATE
from training.dataset import Waveform

TELEPHONE_BAND = (300.0, 3400.0)
"""Hz, ITU-T G.712."""


def augment(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Return a changed copy of another length; a fixed generator state gives a fixed result."""
    waveform = change_speed(waveform, rng.uniform(0.85, 1.18))
    waveform = surround_with_silence(waveform, rng.uniform(0.0, 0.4, size=2))
    waveform = equalise(waveform, rng.normal(0.0, 3.0, size=6))
    if rng.random() < 0.25:
        waveform = reverberate(waveform, rng.uniform(0.1, 0.4), rng)
    waveform = add_noise(waveform, rng.uniform(10.0, 45.0), rng.uniform(0.0, 1.0), rng)
    if rng.random() < 0.2:
        waveform = telephone(waveform)
    return change_gain(waveform, rng.uniform(-25.0, 3.0))


def change_speed(waveform: Waveform, factor: float) -> Waveform:
    """Play `factor` times as fast: tempo, pitch and formants move together, as with another vocal tract."""
    ratio = Fraction(1.0 / factor).limit_denominator(40)
    return np.asarray(resample_poly(waveform, ratio.numerator, ratio.denominator), dtype=np.float32)


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


def reverberate(waveform: Waveform, reverberation_time: float, rng: np.random.Generator) -> Waveform:
    """Add a diffuse tail that falls by 60 dB in `reverberation_time` seconds."""
    time = np.arange(int(reverberation_time * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(time)) * 10 ** (-3 * time / reverberation_time)
    response = 0.4 * tail / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return np.asarray(fftconvolve(waveform, response)[: len(waveform)], dtype=np.float32)


def add_noise(waveform: Waveform, snr_db: float, colour: float, rng: np.random.Generator) -> Waveform:
    """Add noise whose power falls with frequency to the power `colour`: 0 is white, 1 is pink."""
    length = next_fast_len(len(waveform), real=True)
    spectrum = rfft(rng.normal(size=length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** (colour / 2)
    noise = irfft(spectrum, length)[: len(waveform)]
    noise *= np.sqrt(np.mean(waveform**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return np.asarray(waveform + noise, dtype=np.float32)


def telephone(waveform: Waveform) -> Waveform:
    """Keep only the telephone's band, through 8 kHz sampling and back."""
    band = butter(6, TELEPHONE_BAND, btype="bandpass", fs=SAMPLE_RATE, output="sos")
    halved = resample_poly(sosfilt(band, waveform), 1, 2)
    return np.asarray(resample_poly(halved, 2, 1)[: len(waveform)], dtype=np.float32)


def change_gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Scale by `gain_db` decibels."""
    return np.asarray(waveform * 10 ** (gain_db / 20), dtype=np.float32)
