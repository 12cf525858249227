"""Find tones and lasting noise that a voice detector took for voice.

Speech never stays as it is: its pitch and formants move all the time. So certain signs of another sound are those that
do not move: spectral lines that are the same 0.12 s later, one to four lines that fill a short burst from its start
to its end, and a spectrum that keeps its shape and level for two seconds. docs/segmentation.md has the figures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.ports import Floats, Samples
from worker.pipeline.spectra import SlidingSpectra, halve_rate, overlaps, purities
from worker.pipeline.speech import FLOOR_DB, HOP, Levels, Mask, runs, whole_frames

LOOK_BACK = 200
"""Steps: the last two seconds of a block are judged again with the next block."""
_STEP = HOP // 2
"""Samples at 8 kHz."""

_WINDOW = 1024
"""Samples, 128 ms: lines 16 Hz apart are told apart, and the harmonics of a voice do not stay in one line."""
_STRIDE = 4
"""Steps from one such spectrum to the next."""
_LAG = 3
"""Spectra between the two that are compared, 0.12 s: their windows hardly overlap."""
_LOWEST_BIN = 10
"""80 Hz. Rumble and offsets lie below it."""
_STEADY_OVERLAP = 0.9
"""Overlap from which lines are the same: nothing over -10 dB changes. One pair of spectra in 1,000 of speech exceeds
0.7, tones have 0.97."""
_ALONE_OVERLAP = 0.98
"""The same, for a tone beside speech: nobody talks over it, not even 17 dB under it."""
_STEADY_PAIRS = 2
"""Consecutive pairs: sound that stays the same for 0.29 s."""

_SHORT_WINDOW = 256
_SHORT_STRIDE = 2
_SHORT_FRAMES = 3
"""Short spectra, over 72 ms, in which the strongest line must stay. With two, 0.05 % of speech is lost."""
_LOWEST_SHORT_BIN = 3
_PURE_SHARE = 0.97
"""Share of the power that is in one to four lines."""
_LINE_SPREAD = 0.004
"""Relative change of the strongest line's frequency. A voice that is as pure changes by 1 % in this time."""
_LINES = ((8, 0.6), (16, 0.8))
"""The most bins that such lines fill, and the overlap of the spectra at both ends that it takes then: two lines, as
keys have, or one with harmonics fill eight; the four of a howler sixteen, as do those of a vowel in 0.2 % of speech,
which seldom stays as it is."""

_NOISE_FRAMES = 50
"""Spectra, two seconds, for which noise must stay the same: talk has a syllable in them."""
_NOISE_STRIDE = 20
_NOISE_OVERLAP = (0.27, 0.42)
"""The mean overlap of lasting noise is 1/3, whatever its colour. That of a voice in noise varies."""
_NOISE_BANDS = 8
_NOISE_LEVELS = (0.55, 1.8)
"""Power of a band in two spectra, over its mean in two seconds: five deviations of noise."""

_LOUD_DB = 12.0
"""Sound that is so much quieter than the tones around it is their echo, or the pause between them."""
_EDGE = 3
"""Steps at the ends of a tone in which a window of 32 ms is partly filled; twice as many for one of 128 ms."""
_TRANSIENT = 4
"""Steps that no word fits into: the click at the end of a tone."""
_LEAST_PIECE = 80
"""Steps. A shorter tone within speech stays."""
_BESIDE_SPEECH = 10
"""Steps at the ends of such a tone that stay: a syllable may begin in the windows of 128 ms."""


class NotSpeechFinder:
    """Finds sound that is certainly no voice in a channel that is fed in blocks."""

    def __init__(self) -> None:
        self._level: Levels = np.empty(0, np.float32)
        self._heard: Mask = np.empty(0, np.bool_)
        self._spectra = SlidingSpectra(_WINDOW, _STRIDE * _STEP, LOOK_BACK // _STRIDE)
        self._short_spectra = SlidingSpectra(_SHORT_WINDOW, _SHORT_STRIDE * _STEP, LOOK_BACK // _SHORT_STRIDE)

    def find(self, sound: Samples, voiced: Mask, level: Levels) -> Mask:
        """Mark the steps that are no speech, for `LOOK_BACK` steps before the block too, as far as there are so many.

        `sound` [n] is the block, `voiced` the steps taken for voice, `level` in dBFS, both [n / HOP, rounded up].
        """
        self._level = np.concatenate([self._level[-LOOK_BACK:], level])
        self._heard = np.concatenate([self._heard[-LOOK_BACK:], voiced & (level > FLOOR_DB)])
        halved = halve_rate(whole_frames(sound, HOP))
        steps = len(self._heard)
        wanted = widen(self._heard, _WINDOW // _STEP // 2)
        spectra = self._spectra.feed(halved, wanted[::_STRIDE])[:, _LOWEST_BIN:]
        short_spectra = self._short_spectra.feed(halved, wanted[::_SHORT_STRIDE])[:, _LOWEST_SHORT_BIN:]
        common = overlaps(spectra[:-_LAG], spectra[_LAG:])
        noise = lasting_noise(spectra, common, steps)
        steady = noise | steady_tones(common, _STEADY_OVERLAP, steps)
        alone = noise | steady_tones(common, _ALONE_OVERLAP, steps)
        return not_speech(self._heard, self._level, steady, alone, short_tones(short_spectra, steps))


def steady_tones(common: Floats, least: float, steps: int) -> Mask:
    """Mark the steps [steps] between spectra that are the same: their overlaps `common` [pairs] are over `least`."""
    marks = np.zeros(steps, np.bool_)
    for start, end in runs(common > least):
        if end - start >= _STEADY_PAIRS:
            mark_frames(marks, start, end + _LAG, len(common) + _LAG)
    return marks


def lasting_noise(spectra: Floats, common: Floats, steps: int) -> Mask:
    """Mark the steps [steps] in which the `spectra` [frames, bins] keep their shape and level for two seconds."""
    marks = np.zeros(steps, np.bool_)
    lowest, highest = _NOISE_OVERLAP
    following, final = 0, len(spectra) - _NOISE_FRAMES
    sums = np.cumsum(common)
    pairs = _NOISE_FRAMES - _LAG
    for start in [*range(0, final, _NOISE_STRIDE), *([final] if final >= 0 else [])]:
        end = start + _NOISE_FRAMES
        if start < min(following, final) or not lowest * pairs < sums[end - _LAG - 1] - sums[start] < highest * pairs:
            continue
        before = min(start, _NOISE_STRIDE)
        around = spectra[start - before : end + _NOISE_STRIDE]
        whitened = around / (spectra[start:end].mean(axis=0) + 1)
        edges = np.linspace(0, whitened.shape[1], _NOISE_BANDS, endpoint=False).astype(int)
        bands = np.add.reduceat(whitened, edges, axis=1) / np.diff(edges, append=whitened.shape[1])
        bands[1:] = (bands[1:] + bands[:-1]) / 2
        alike = np.all((bands > _NOISE_LEVELS[0]) & (bands < _NOISE_LEVELS[1]), axis=1)
        for first, last in runs(alike):
            if first <= before and last >= before + _NOISE_FRAMES:
                following = start - before + last - _NOISE_STRIDE
                mark_frames(marks, start - before + first, start - before + last, len(spectra))
    return marks


def mark_frames(marks: Mask, start: int, end: int, frames: int) -> None:
    """Mark the steps from the middle of the frame `start` to that of `end` - 1; at an end of the sound up to it."""
    middle = _WINDOW // _STEP // 2
    marks[start * _STRIDE + middle if start else 0 : None if end == frames else (end - 1) * _STRIDE + middle + 1] = True


def short_tones(spectra: Floats, steps: int) -> Mask:
    """Mark the steps [steps] in which a few lines of the `spectra` [frames, bins] stay, and nothing else is."""
    marks = np.zeros(steps, np.bool_)
    if len(spectra) < _SHORT_FRAMES:
        return marks
    peaks = spectra.argmax(axis=1)
    lines = line_frequencies(spectra, peaks)
    following = [lines[frame : len(lines) - _SHORT_FRAMES + 1 + frame] for frame in range(_SHORT_FRAMES)]
    changes = np.maximum.reduce(following) - np.minimum.reduce(following)
    heard = spectra[np.arange(len(changes)), peaks[: len(changes)]] > 0
    candidates = np.flatnonzero(heard & (changes < _LINE_SPREAD * following[0]))
    if not candidates.size:
        return marks
    common = overlaps(spectra[candidates], spectra[candidates + _SHORT_FRAMES - 1])
    pure = np.zeros(len(candidates), np.bool_)
    for bins, least in _LINES:
        alike = np.flatnonzero(common > least)
        for frame in range(_SHORT_FRAMES):
            alike = alike[purities(spectra[candidates[alike] + frame], bins) > _PURE_SHARE]
        pure[alike] = True
    for start in candidates[pure]:
        first = start * _SHORT_STRIDE
        marks[first + 1 if start else 0 : first + _SHORT_FRAMES * _SHORT_STRIDE + 1] = True
    return marks


def line_frequencies(spectra: Floats, peaks: NDArray[np.intp]) -> Floats:
    """The frequency of the strongest line of each of the spectra [frames, bins] in bins, by a parabola through it."""
    rows = np.arange(len(spectra))
    middle = peaks.clip(1, spectra.shape[1] - 2)
    before, at, after = (np.log(spectra[rows, middle + side] + 1) for side in (-1, 0, 1))
    curvature = np.minimum(before - 2 * at + after, -1e-3)
    frequencies: Floats = middle + _LOWEST_SHORT_BIN + np.clip((before - after) / curvature / 2, -1, 1)
    return frequencies


def not_speech(heard: Mask, level: Levels, steady: Mask, alone: Mask, short: Mask) -> Mask:
    """Choose the steps that are left out, of those that were taken for voice (`heard`); all arrays are [steps].

    Stretches that are nothing but tones and noise are left out as a whole. In others, as where someone talks over a
    tone, only tones that are `alone` for most of a second: a `short` tone may be part of a vowel there.
    """
    left_out = np.zeros(len(heard), np.bool_)
    explained = widen(steady, 2 * _EDGE) | widen(short, _EDGE)
    marked = steady | short
    for start, end in runs(heard):
        marks = marked[start:end]
        if not marks.any():
            continue
        loud = level[start:end] > median(level[start:end][marks]) - _LOUD_DB
        rest = runs(loud & ~explained[start:end])
        few = len(rest) <= 1 + (end - start) // 100 and all(last - first <= _TRANSIENT for first, last in rest)
        if few and marks.sum() >= loud.sum() / 2:
            left_out[start:end] = True
        else:
            for first, last in runs(alone[start:end]):
                if last - first >= _LEAST_PIECE:
                    left_out[start + first + _BESIDE_SPEECH : start + last - _BESIDE_SPEECH] = True
    return left_out


def median(values: Levels) -> float:
    """The median of `values` [n], the upper one of two: in a tenth of the time of numpy's."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


def widen(marks: Mask, by: int) -> Mask:
    """Widen each run of True in `marks` [steps] by a number of steps on both sides."""
    return np.convolve(marks, np.ones(2 * by + 1))[by : by + len(marks)] > 0.5
