"""Power spectra of sound at 8 kHz, half the rate of recordings: enough to tell tones and noise from voices."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worker.pipeline.ports import Floats, Samples

_BLOCK = 64 << 10
"""Samples of spectra that are computed at once: with data that stays in the processor's cache, several times as
fast."""


def halve_rate(samples: Samples) -> Floats:
    """Halve the sample rate of `samples` [2 * n], to [n]. Sound above 4 kHz is only weakened."""
    sums: Floats = np.add(samples[::2], samples[1::2], dtype=np.float32)
    sums /= 2
    return sums


def power_spectra(frames: Floats, wanted: NDArray[np.bool_] | None = None, out: Floats | None = None) -> Floats:
    """The power spectra of `frames` [frames, window], [frames, window // 2 + 1]; zero where not `wanted` [frames].

    They are written into `out` if there is one, which has the same shape and is zero.
    """
    # Imported here because it takes long, and `silero` does not need it. It is three times as fast as numpy's.
    from scipy.fft import rfft

    window = frames.shape[1]
    powers = np.zeros((len(frames), window // 2 + 1), np.float32) if out is None else out
    rows = np.arange(len(frames)) if wanted is None else np.flatnonzero(wanted)
    size = _BLOCK // window
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        parts = rfft(frames[block] * hann_window(window)).view(np.float32)  # real and imaginary ones in turn
        np.square(parts, out=parts)
        powers[block] = parts[:, ::2] + parts[:, 1::2]
    return powers


def overlaps(one: Floats, other: Floats) -> Floats:
    """The common share of each pair of power spectra, both [frames, bins], [frames].

    It is 1 for a sound that stays as it is, 0 for sounds that have nothing in common, and 1/3 for lasting noise.
    """
    common: Floats = np.minimum(one, other).sum(axis=1) / (np.maximum(one, other).sum(axis=1) + 1)
    return common


def purities(spectra: Floats, strong: int) -> Floats:
    """The share of the power of each of the spectra [frames, bins] that its `strong` strongest bins have, [frames]."""
    strongest = np.partition(spectra, -strong, axis=1)[:, -strong:]
    shares: Floats = strongest.sum(axis=1) / (spectra.sum(axis=1) + 1)
    return shares


@cache
def hann_window(size: int) -> Floats:
    """The periodic Hann window of `size` samples."""
    return np.hanning(size + 1)[:-1].astype(np.float32)


class SlidingSpectra:
    """Power spectra of sound that is fed in blocks: a `window` every `hop` samples.

    Those of the last `remembered` hops of a block are given again with the next block.
    """

    def __init__(self, window: int, hop: int, remembered: int) -> None:
        self._window = window
        self._hop = hop
        self._remembered = remembered
        self._sound: Floats = np.empty(0, np.float32)
        self._spectra: Floats = np.empty((0, window // 2 + 1), np.float32)

    def feed(self, sound: Floats, wanted: NDArray[np.bool_]) -> Floats:
        """The spectra that begin in the remembered hops or in the next `sound` [n], [frames, window // 2 + 1].

        A spectrum that is not `wanted` [hops] is zero. `n` is a multiple of the hop, except in the last block.
        """
        self._sound = np.concatenate([self._sound, sound])
        if len(self._sound) < self._window:
            return self._spectra
        frames = sliding_window_view(self._sound, self._window)[:: self._hop]
        known = len(self._spectra)
        spectra = np.zeros((known + len(frames), self._spectra.shape[1]), np.float32)
        spectra[:known] = self._spectra
        power_spectra(frames, wanted[known : known + len(frames)], spectra[known:])
        self._sound = self._sound[len(frames) * self._hop :]
        self._spectra = spectra[max(0, len(spectra) - self._remembered + len(self._sound) // self._hop) :].copy()
        return spectra
