"""Check whether a segment holds a voice at all, or music, noise or tones. docs/flags.md has the measured figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from worker.pipeline.ports import Floats, Samples, VoiceDetector
from worker.pipeline.spectra import halve_rate, overlaps, power_spectra, purities

_WINDOW, _SHORT_WINDOW = 1024, 256
"""Samples at 8 kHz: 128 ms and 32 ms."""
_HOP = 960
"""Samples at 8 kHz, 120 ms."""
_LOWEST_BIN, _LOWEST_SHORT_BIN = 10, 3
"""80 and 94 Hz."""
_STEADY_OVERLAP = 0.2
"""Median of the overlaps of successive spectra. Clean speech has 0.02 to 0.18, music 0.3 to 0.9, lasting noise 0.33."""
_LINE_BINS = 8
"""Bins of a spectrum of 32 ms that a few lines fill."""
_PURITY = 0.9
_PURITY_PERCENTILE = 20
"""The share of power in a few lines that all but a fifth of the sound exceeds: 0.98 of tones, 0.6 of speech, of one
segment of speech in twenty over 0.9."""
_LOUD = 0.01
"""Share of the power of the loudest 5 %: a pause has less."""
_KURTOSIS = 85
"""Mean of the fourth power over the squared mean of the second. Speech has 10, at the most 37; crackle of a bad line
with up to 30 clicks a second 90 to 6,000. With more it changes little, or is mixed with speech that is as loud."""
_EXCERPT = 25
"""Spectra, 3 s, that the second detector gets: it takes ten times as long as the first."""
_MOST_VOICE = 0.05
"""Share of the excerpt. Of talk, the second detector finds 0.3 at least; of music, 0.05 at the most."""


def holds_no_voice(samples: Samples, create_detector: Callable[[], VoiceDetector]) -> bool:
    """Whether a segment [n] changes too little for a voice, is too pure, or crackles, and another voice detector finds
    none in it.

    The detector looks at the three seconds that change most, where a voice would be; at all that crackles.
    """
    sound = halve_rate(samples[: len(samples) // 2 * 2])
    if len(sound) < _WINDOW + _HOP:
        return False
    if kurtosis(sound) > _KURTOSIS:
        return voiced_share(samples, create_detector()) * len(samples) <= _MOST_VOICE * _EXCERPT * 2 * _HOP
    changes = successive_overlaps(sound)
    if np.percentile(changes, 50) < _STEADY_OVERLAP and lasting_purity(sound) < _PURITY:
        return False
    sums = np.cumsum(np.pad(changes, (1, 0)))
    length = min(_EXCERPT, len(changes))
    start = int(np.argmin(sums[length:] - sums[:-length])) * 2 * _HOP
    return voiced_share(samples[start : start + _EXCERPT * 2 * _HOP], create_detector()) <= _MOST_VOICE


def voiced_share(samples: Samples, detector: VoiceDetector) -> float:
    """The share of the whole frames of `samples` [n] in which a detector finds a voice."""
    return float(detector.voiced(samples[: len(samples) // detector.frame * detector.frame]).mean())


def kurtosis(sound: Floats) -> float:
    """The mean of the fourth power of `sound` [n] over the squared mean of its second."""
    powers = np.square(sound)
    return float(np.vdot(powers, powers) * len(sound) / (powers.sum() ** 2 + 1))


def successive_overlaps(sound: Floats) -> Floats:
    """The overlap of each spectrum of 128 ms of `sound` [n] at 8 kHz with the next one, [frames - 1]."""
    spectra = power_spectra(sliding_window_view(sound, _WINDOW)[::_HOP])[:, _LOWEST_BIN:]
    return overlaps(spectra[:-1], spectra[1:])


def lasting_purity(sound: Floats) -> float:
    """The share of its power that four lines have, in all but a fifth of the loud parts of `sound` [n] at 8 kHz."""
    spectra = power_spectra(sliding_window_view(sound, _SHORT_WINDOW)[::_HOP])[:, _LOWEST_SHORT_BIN:]
    power = spectra.sum(axis=1)
    loud = power >= _LOUD * np.percentile(power, 95)
    return float(np.percentile(purities(spectra[loud], _LINE_BINS), _PURITY_PERCENTILE))
