"""The peaks of one channel, while its sound comes in, and those of several together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shared.waveform import FULL_SCALE, STEP, Peaks, Waveform
from worker.pipeline.ports import Samples

_SCALE = 32_768 // FULL_SCALE


class PeakMeter:
    """Takes sound in blocks of any length, and keeps two bytes for every 20 ms of it: 9 MB for a day."""

    def __init__(self) -> None:
        self._pairs = bytearray()
        self._rest: Samples = np.empty(0, np.int16)

    def feed(self, block: Samples) -> None:
        """The next samples [n]."""
        samples = np.concatenate([self._rest, block])
        whole = len(samples) // STEP * STEP
        self._pairs += _pairs(samples[:whole].reshape(-1, STEP))
        self._rest = samples[whole:]

    def peaks(self) -> Peaks:
        """The peaks [pairs, 2] of all that came; the last pair may be of less than 20 ms."""
        last = _pairs(self._rest[None]) if len(self._rest) else b""
        return np.frombuffer(bytes(self._pairs) + last, np.int8).reshape(-1, 2)


def together(peaks: Mapping[int, Peaks], duration: int) -> Waveform:
    """The waveform of a whole recording of `duration` samples from the peaks [pairs, 2] of its channels."""
    whole = np.stack(list(peaks.values()), axis=1) if peaks else np.empty((0, 0, 2), np.int8)
    return Waveform(tuple(peaks), 0, duration, whole)


def _pairs(steps: Samples) -> bytes:
    """The lowest and the highest of each step [steps, samples], a byte each."""
    pairs = np.stack([steps.min(axis=1), steps.max(axis=1)], axis=1).astype(np.int32)
    # To the nearest, so that faint noise is drawn as silence and not as a band.
    rounded = (pairs + _SCALE // 2) // _SCALE
    return np.minimum(rounded, FULL_SCALE - 1).astype(np.int8).tobytes()
