"""Waveform peaks of a channel, measured while its sound comes in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from shared.waveform import FULL_SCALE, STEP, Peaks, Waveform
from worker.pipeline.ports import Samples

_SCALE = 32_768 // FULL_SCALE
_BATCH = 30 * SAMPLE_RATE
"""Samples measured at once; for single blocks of the decoder most of the time would go into calls."""


class PeakMeter:
    """Measures the peaks of one channel; it keeps two bytes for every 20 ms, 9 MB for a day."""

    def __init__(self) -> None:
        self._pairs = bytearray()
        self._waiting: list[Samples] = []

    def feed(self, block: Samples) -> None:
        """Measure the next samples [n], any number of them."""
        self._waiting.append(block)
        if sum(map(len, self._waiting)) >= _BATCH:
            samples = np.concatenate(self._waiting)
            whole = len(samples) // STEP * STEP
            self._pairs += _pairs(samples[:whole])
            self._waiting = [samples[whole:]]

    def peaks(self) -> Peaks:
        """The peaks [pairs, 2] of all samples so far; the last pair may cover less than 20 ms."""
        samples = np.concatenate([*self._waiting, np.empty(0, np.int16)])
        whole = len(samples) // STEP * STEP
        last = _pairs(samples[whole:], len(samples) - whole) if len(samples) > whole else b""
        return np.frombuffer(bytes(self._pairs) + _pairs(samples[:whole]) + last, np.int8).reshape(-1, 2)


def join_channels(peaks: Mapping[int, Peaks], duration: int) -> Waveform:
    """Join the peaks [pairs, 2] of the channels of a recording of `duration` samples into its waveform."""
    whole = np.stack(list(peaks.values()), axis=1) if peaks else np.empty((0, 0, 2), np.int8)
    return Waveform(tuple(peaks), 0, duration, whole)


def _pairs(samples: Samples, step: int = STEP) -> bytes:
    """The lowest and the highest sample of every `step` samples, one byte each."""
    steps = samples.reshape(-1, step)
    pairs = np.stack([steps.min(axis=1), steps.max(axis=1)], axis=1).astype(np.int32)
    # Rounded to the nearest, so that faint noise is drawn as silence and not as a band.
    rounded = (pairs + _SCALE // 2) // _SCALE
    return np.minimum(rounded, FULL_SCALE - 1).astype(np.int8).tobytes()
