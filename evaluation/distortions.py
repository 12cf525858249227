"""Distortions of a clip: telephone, codecs, noise, gain, reverberation, a cut.

Samples are float64 [n] from -1 to 1 at 16 kHz; distorted ones may have another rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from shared.domain.recording import SAMPLE_RATE

Samples = NDArray[np.float64]
Change = Callable[[Samples, np.random.Generator], Samples]

TELEPHONE_BAND = (300.0, 3400.0)
"""Hz, ITU-T G.712."""
BABBLE_SPEAKERS = 8
"""Enough that none is understood."""
REVERBERATION_S = 0.5
"""The time in which sound falls by 60 dB: a large bare room."""
DIRECT_TO_REVERBERANT_DB = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A distortion: `change` returns samples at `rate` (Hz), to be written by `codec` at `bit_rate` (bits a second)."""

    name: str
    change: Change
    rate: int = SAMPLE_RATE
    codec: str = "wav"
    bit_rate: int | None = None


def unchanged(samples: Samples, _: np.random.Generator) -> Samples:
    """Return the samples as they are, for conditions that only use a codec."""
    return samples


def resampled(samples: Samples, _: np.random.Generator) -> Samples:
    """Resample to 44.1 kHz."""
    return np.asarray(resample_poly(samples, 441, 160))


def telephone(samples: Samples, _: np.random.Generator) -> Samples:
    """Resample to 8 kHz and keep only `TELEPHONE_BAND`."""
    band = butter(6, TELEPHONE_BAND, btype="bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(resample_poly(sosfilt(band, samples), 1, 2))


def white_noise(samples: Samples, rng: np.random.Generator, *, snr_db: float) -> Samples:
    """Add white noise."""
    return with_noise(samples, rng.normal(size=len(samples)), snr_db)


def babble(samples: Samples, rng: np.random.Generator, *, snr_db: float) -> Samples:
    """Add the clip itself several times, backwards and from random places: noise with speech's spectrum and rhythm."""
    starts = rng.integers(len(samples), size=BABBLE_SPEAKERS)
    return with_noise(samples, np.sum([np.roll(samples[::-1], start) for start in starts], axis=0), snr_db)


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise at a ratio of mean powers; the sum is made quieter where it would pass full scale."""
    noise_power, power = float(np.mean(noise**2)), float(np.mean(samples**2))
    scale = np.sqrt(power / max(noise_power, 1e-20)) * 10 ** (-snr_db / 20)
    return _within_full_scale(samples + scale * noise)


def gain(samples: Samples, _: np.random.Generator, *, db: float) -> Samples:
    """Make louder or quieter; samples beyond full scale are clipped when they are written."""
    return np.asarray(samples * 10 ** (db / 20))


def reverberation(samples: Samples, rng: np.random.Generator) -> Samples:
    """Convolve with a room: an impulse, then noise that decays exponentially, as loud in all as the impulse."""
    time = np.arange(round(REVERBERATION_S * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(time)) * 10 ** (-3 * time / REVERBERATION_S)
    tail *= 10 ** (-DIRECT_TO_REVERBERANT_DB / 20) / np.sqrt(np.sum(tail**2))
    response = np.concatenate([[1.0], tail])
    return _within_full_scale(fftconvolve(samples, response))


def trimmed(samples: Samples, _: np.random.Generator) -> Samples:
    """Return the middle second."""
    start = max(0, len(samples) - SAMPLE_RATE) // 2
    return samples[start : start + SAMPLE_RATE]


def _within_full_scale(samples: Samples) -> Samples:
    return samples / max(1.0, float(np.abs(samples).max(initial=0)))


CONDITIONS = (
    Condition("44.1 kHz", resampled, rate=44_100),
    Condition("telephone, 8 kHz", telephone, rate=8_000),
    Condition("MP3, 16 kb/s", unchanged, codec="mp3", bit_rate=16_000),
    Condition("Opus, 12 kb/s", unchanged, codec="opus", bit_rate=12_000),
    *(Condition(f"white noise, {db} dB", partial(white_noise, snr_db=db)) for db in (20, 10, 0)),
    *(Condition(f"babble, {db} dB", partial(babble, snr_db=db)) for db in (20, 10, 0)),
    Condition("12 dB louder", partial(gain, db=12)),
    Condition("12 dB quieter", partial(gain, db=-12)),
    Condition("reverberation, 0.5 s", reverberation),
    Condition("middle second", trimmed),
)
