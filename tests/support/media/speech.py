"""A deterministic signal that a voice detector takes for speech, for tests that need no corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Audio = npt.NDArray[np.float64]
Span = tuple[int, int]

PITCH_HZ = (95.0, 180.0)
VOWELS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""First three formants of a man's a, i, u, e, o (Peterson and Barney 1952)."""
FORMANT_WIDTH_HZ = 120.0
FORMANT_GAINS = (1.0, 0.5, 0.25)
TOP_HZ = 3400.0
SYLLABLE_S = (0.14, 0.26)
SYLLABLE_DIP = 0.35
"""Level between two syllables; not 0, so that no pause hides inside a stated span."""
PHRASE_S = (1.2, 4.0)
PAUSE_S = (0.3, 1.0)
PEAK = 0.5
FADE_S = 0.01


class Speech(NamedTuple):
    samples: Samples
    """int16 [n], mono; exactly 0 outside the spans."""
    spans: list[Span]
    """Half-open [start, end) in samples, sorted and apart."""


def speech_like(
    seconds: float,
    rate: int = 16_000,
    seed: int = 0,
    pauses: Sequence[tuple[float, float]] | None = None,
    peak: float = PEAK,
) -> Speech:
    """Speech-like sound of round(seconds * rate) samples: voiced syllables with formants, and pauses.

    `pauses` are (start, end) in seconds; without them phrases of 1.2-4 s and pauses of 0.3-1 s are drawn
    from `seed`. `peak` is the largest sample, 1.0 being full scale.
    """
    rng = np.random.default_rng(seed)
    drawn = _draw_pauses(seconds, rng) if pauses is None else pauses
    samples = np.zeros(round(seconds * rate), np.int16)
    spans = _between(drawn, len(samples), rate)
    for start, end in spans:
        samples[start:end] = np.round(_phrase(end - start, rate, rng) * peak * 32767)
    return Speech(samples, spans)


def _draw_pauses(seconds: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    pauses, now = [], 0.0
    while now < seconds:
        start = now + rng.uniform(*PHRASE_S)
        now = start + rng.uniform(*PAUSE_S)
        pauses.append((start, now))
    return pauses


def _between(pauses: Sequence[tuple[float, float]], length: int, rate: int) -> list[Span]:
    edges = [0]
    for start, end in sorted(pauses):
        edges += [round(start * rate), round(end * rate)]
    edges = [min(edge, length) for edge in [*edges, length]]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def _phrase(length: int, rate: int, rng: np.random.Generator) -> Audio:
    """One phrase, float [length], peak 1: pitch falls over the phrase, each syllable has its own vowel."""
    start, end = sorted(rng.uniform(*PITCH_HZ, size=2))[::-1]
    pitch = np.linspace(start, end, length)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants, envelope = _syllables(length, rate, rng)
    sound = np.zeros(length)
    # A harmonic's sine follows from the two before it, much faster than by itself: long recordings are made of it.
    before, sine, twice_cosine = np.zeros(length), np.sin(phase), 2 * np.cos(phase)
    for harmonic in range(1, int(min(TOP_HZ, rate / 2) / pitch.max()) + 1):
        sound += _formant_gain(harmonic * pitch, formants) * sine
        before, sine = sine, twice_cosine * sine - before
    fade = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / (FADE_S * rate))
    sound *= envelope * fade
    return np.asarray(sound / max(np.abs(sound).max(), 1e-9), np.float64)


def _syllables(length: int, rate: int, rng: np.random.Generator) -> tuple[Audio, Audio]:
    """Formant frequencies in Hz, float [3, length], and the level, float [length]."""
    formants, envelope = np.empty((3, length)), np.empty(length)
    start = 0
    while start < length:
        end = min(length, start + round(rng.uniform(*SYLLABLE_S) * rate))
        formants[:, start:end] = np.array(VOWELS_HZ[rng.integers(len(VOWELS_HZ))])[:, None]
        arch = np.sin(np.pi * np.arange(end - start) / (end - start))
        envelope[start:end] = SYLLABLE_DIP + (1 - SYLLABLE_DIP) * arch
        start = end
    return formants, envelope


def _formant_gain(frequency: Audio, formants: Audio) -> Audio:
    gain = np.full_like(frequency, 0.02)
    for centre, weight in zip(formants, FORMANT_GAINS, strict=True):
        distance = frequency - centre
        distance *= distance
        distance += FORMANT_WIDTH_HZ**2
        gain += weight * FORMANT_WIDTH_HZ**2 / distance
    return gain
