"""Every format as it should be, and sounds at the limits of analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, Case, Outcome, speech, spoken
from tests.support.media.encode import FORMATS, Samples, encoded
from tests.support.media.wav_headers import FLOAT, wav


def _sine(hertz: float, rate: int = 16_000, seconds: float = 1.0) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    return np.round(np.sin(2 * np.pi * hertz * time) * 20_000).astype(np.int16).reshape(-1, 1)


def _noise() -> Samples:
    return np.random.default_rng(0).integers(-32_768, 32_767, (16_000, 1), np.int16)


def _square() -> Samples:
    return np.where(_sine(200) >= 0, 32_767, -32_768).astype(np.int16)


def _channels(count: int, rate: int = 16_000, seconds: float = 0.5) -> Samples:
    return np.concatenate([speech(seconds, rate, seed) for seed in range(count)], axis=1)


def _in_antiphase() -> Samples:
    """A mono downmix of these two channels is silent."""
    return np.concatenate([speech(), -speech()], axis=1)


def _one_side_silent() -> Samples:
    return np.concatenate([speech(), np.zeros_like(speech())], axis=1)


def _level(length: int, level: int) -> Samples:
    return np.full((length, 1), level, np.int16)


def _mono_192k() -> bytes:
    return wav(speech(0.5, 192_000).tobytes(), rate=192_000)


def _signal(sound: Callable[[], Samples], rate: int, format_name: str) -> bytes:
    return encoded(sound(), rate, format_name)


def _float_wav(value: float, every: int) -> bytes:
    samples = speech().ravel().astype("<f4") / 32_768
    samples[::every] = value
    return wav(samples.tobytes(), tag=FLOAT, bits=32)


SIGNALS: tuple[tuple[str, frozenset[Outcome], Callable[[], Samples], int, str], ...] = (
    ("silence.wav", MUST_SUCCEED, partial(_level, 32_000, 0), 16_000, "wav"),
    ("silence.mp3", MUST_SUCCEED, partial(_level, 32_000, 0), 16_000, "mp3"),
    ("dc.wav", MUST_SUCCEED, partial(_level, 16_000, 12_000), 16_000, "wav"),
    ("full_scale_dc.wav", MUST_SUCCEED, partial(_level, 16_000, -32_768), 16_000, "wav"),
    ("one_hertz.wav", MUST_SUCCEED, partial(_sine, 1, seconds=3), 16_000, "wav"),
    ("nyquist.wav", MUST_SUCCEED, partial(_sine, 7_999), 16_000, "wav"),
    ("full_scale_square.flac", MUST_SUCCEED, _square, 16_000, "flac"),
    ("white_noise.wav", MUST_SUCCEED, _noise, 16_000, "wav"),
    ("fifth_of_a_second.wav", MUST_SUCCEED, partial(speech, 0.2), 16_000, "wav"),
    ("fifth_of_a_second.mp3", MUST_SUCCEED, partial(speech, 0.2), 16_000, "mp3"),
    ("fifth_of_a_second.opus", MUST_SUCCEED, partial(speech, 0.2), 16_000, "opus"),
    ("mono_8k.wav", MUST_SUCCEED, partial(speech, 1.5, 8_000), 8_000, "wav_mulaw"),
    ("mono_96k.flac", MUST_SUCCEED, partial(speech, 0.8, 96_000), 96_000, "flac"),
    ("antiphase.wav", MUST_SUCCEED, _in_antiphase, 16_000, "wav"),
    ("one_side_silent.wav", MUST_SUCCEED, _one_side_silent, 16_000, "wav"),
    ("six_channels.wav", MUST_SUCCEED, partial(_channels, 6), 16_000, "wav"),
    ("six_channels.flac", MUST_SUCCEED, partial(_channels, 6), 16_000, "flac"),
    ("six_channels.opus", MUST_SUCCEED, partial(_channels, 6), 16_000, "opus"),
    ("six_channels.m4a", MUST_SUCCEED, partial(_channels, 6), 16_000, "m4a"),
    ("no_samples.flac", NEVER_SUCCEEDS, partial(_level, 0, 0), 16_000, "flac"),
    ("no_samples.opus", NEVER_SUCCEEDS, partial(_level, 0, 0), 16_000, "opus"),
    ("no_samples.mkv", NEVER_SUCCEEDS, partial(_level, 0, 0), 16_000, "mkv"),
    ("one_sample.flac", ANY_END, partial(_level, 1, 1), 16_000, "flac"),
)

FLOATS: tuple[tuple[str, frozenset[Outcome], float, int], ...] = (
    ("nan_all.wav", ANY_END, float("nan"), 1),
    ("nan_some.wav", ANY_END, float("nan"), 100),
    ("infinite.wav", ANY_END, float("inf"), 100),
    ("huge.wav", ANY_END, 1e30, 100),
    ("over_full_scale.wav", MUST_SUCCEED, 3.0, 50),
    ("denormal.wav", MUST_SUCCEED, 1e-40, 1),
)


def _clean(format_name: str) -> bytes:
    rates = FORMATS[format_name].rates
    return spoken(format_name, rate=16_000 if 16_000 in rates else rates[0])


def cases() -> Iterator[Case]:
    for format_name, target in FORMATS.items():
        name = f"{format_name}{target.suffix}"
        yield Case(name, "clean", MUST_SUCCEED, partial(_clean, format_name))
    for name, acceptable, sound, rate, format_name in SIGNALS:
        yield Case(name, "signal", acceptable, partial(_signal, sound, rate, format_name))
    yield Case("mono_192k.wav", "signal", MUST_SUCCEED, _mono_192k)
    for name, acceptable, value, every in FLOATS:
        yield Case(name, "signal", acceptable, partial(_float_wav, value, every))
