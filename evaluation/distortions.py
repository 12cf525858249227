"""The same clip as it may sound elsewhere: on a telephone, through a codec, in noise, too loud, in a hall, cut short.

A sound is float64 [n] from -1 to 1 at 16 kHz; a distorted one may have another rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from shared.domain.recording import SAMPLE_RATE

Sound = NDArray[np.float64]
Change = Callable[[Sound, np.random.Generator], Sound]

TELEPHONE_BAND = (300.0, 3400.0)
"""Hz, ITU-T G.712."""
VOICES = 8
"""In the babble: enough that none is understood."""
REVERBERATION_S = 0.5
"""Until the sound has fallen by 60 dB: a large bare room."""
DIRECT_TO_REVERBERANT_DB = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """`change` gives sound at `rate`, which is written by `codec` at `bit_rate`."""

    name: str
    change: Change
    rate: int = SAMPLE_RATE
    codec: str = "wav"
    bit_rate: int | None = None


def unchanged(sound: Sound, _: np.random.Generator) -> Sound:
    return sound


def resampled(sound: Sound, _: np.random.Generator) -> Sound:
    """At 44.1 kHz."""
    return np.asarray(resample_poly(sound, 441, 160))


def telephone(sound: Sound, _: np.random.Generator) -> Sound:
    """At 8 kHz, with the telephone's band alone."""
    band = butter(6, TELEPHONE_BAND, btype="bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(resample_poly(sosfilt(band, sound), 1, 2))


def white_noise(sound: Sound, rng: np.random.Generator, *, snr_db: float) -> Sound:
    return with_noise(sound, rng.normal(size=len(sound)), snr_db)


def babble(sound: Sound, rng: np.random.Generator, *, snr_db: float) -> Sound:
    """The clip's own voice several times over, backwards and from other places on: speech's spectrum and rhythm."""
    starts = rng.integers(len(sound), size=VOICES)
    return with_noise(sound, np.sum([np.roll(sound[::-1], start) for start in starts], axis=0), snr_db)


def with_noise(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    """Both, at a ratio of their mean powers; made quieter together where they would pass full scale."""
    level, own = float(np.mean(noise**2)), float(np.mean(sound**2))
    scale = np.sqrt(own / max(level, 1e-20)) * 10 ** (-snr_db / 20)
    return _within_full_scale(sound + scale * noise)


def gain(sound: Sound, _: np.random.Generator, *, db: float) -> Sound:
    """Louder or quieter; what passes full scale is cut off there when it is written."""
    return np.asarray(sound * 10 ** (db / 20))


def reverberation(sound: Sound, rng: np.random.Generator) -> Sound:
    """In a room: an impulse and behind it noise that decays exponentially, as loud in all as the impulse."""
    time = np.arange(round(REVERBERATION_S * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(time)) * 10 ** (-3 * time / REVERBERATION_S)
    tail *= 10 ** (-DIRECT_TO_REVERBERANT_DB / 20) / np.sqrt(np.sum(tail**2))
    response = np.concatenate([[1.0], tail])
    return _within_full_scale(fftconvolve(sound, response))


def trimmed(sound: Sound, _: np.random.Generator) -> Sound:
    """Its middle second."""
    start = max(0, len(sound) - SAMPLE_RATE) // 2
    return sound[start : start + SAMPLE_RATE]


def _within_full_scale(sound: Sound) -> Sound:
    return sound / max(1.0, float(np.abs(sound).max(initial=0)))


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
