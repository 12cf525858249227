"""Seeded background sounds, all [n] at 16 kHz with an RMS of 1."""

from __future__ import annotations

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats

_CHORDS_HZ = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
"""C, A minor, F, G."""
_BEAT = SAMPLE_RATE // 2
_BEATS_PER_CHORD = 4
_HARMONICS = 5
_STRING_DECAY = 3.0
_SNARE_DECAY = 30.0
"""Per second."""
_SNARE_LEVEL = 0.5
_LOWEST_HZ = 50.0


def hiss(length: int, rng: np.random.Generator) -> Floats:
    """Return white noise, as of a line."""
    return rng.standard_normal(length, dtype=np.float32)


def noise(length: int, rng: np.random.Generator) -> Floats:
    """Return pink noise, as of a street or a fan: 3 dB less in each octave."""
    frequency = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(length)) / np.sqrt(np.maximum(frequency, _LOWEST_HZ))
    return _with_unit_rms(np.fft.irfft(spectrum, length))


def music(length: int, rng: np.random.Generator) -> Floats:
    """Return plucked chords in a rhythm, with a snare on every second beat; accents are random."""
    plucks = [pluck(chord) for chord in _CHORDS_HZ]
    sound = np.zeros(length + 2 * _BEAT)
    for beat, start in enumerate(range(0, length, _BEAT)):
        chord = plucks[beat // _BEATS_PER_CHORD % len(plucks)]
        sound[start : start + 2 * _BEAT] += rng.uniform(0.5, 1.0) * (chord + beat % 2 * snare(rng))
    return _with_unit_rms(sound[:length])


def pluck(chord: tuple[int, ...]) -> Floats:
    """Return two beats of a plucked chord, from its notes in Hz."""
    time = np.arange(2 * _BEAT) / SAMPLE_RATE
    tones = [
        np.sin(2 * np.pi * note * harmonic * time) / harmonic for note in chord for harmonic in range(1, _HARMONICS + 1)
    ]
    return _with_unit_rms(np.sum(tones, axis=0) * np.exp(-_STRING_DECAY * time))


def snare(rng: np.random.Generator) -> Floats:
    """Return two beats of noise with a fast decay."""
    decay = np.exp(-_SNARE_DECAY * np.arange(2 * _BEAT) / SAMPLE_RATE)
    return _SNARE_LEVEL * _with_unit_rms(rng.standard_normal(2 * _BEAT) * decay)


def _with_unit_rms(sound: np.typing.NDArray[np.float64]) -> Floats:
    scaled: Floats = (sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return scaled
