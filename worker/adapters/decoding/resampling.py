"""Any sound to 16 kHz, 16 bit, one or two channels. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE

_AT_ONCE_S = 1
"""Seconds of sound resampled at once: calling FFmpeg for each frame of 20 ms costs more than what it does then."""


class Resampler:
    """FFmpeg's own resampler, set up anew where a stream changes its format on the way."""

    def __init__(self, channels: int) -> None:
        self._layout = "stereo" if channels == 2 else "mono"
        self._set_up()

    def push(self, frame: AudioFrame) -> Iterator[NDArray[np.int16]]:
        """Sound [n, channels] that became certain with the next frame."""
        frame.pts = None  # the frames are in order and without holes
        try:
            self._waiting.write(frame)
        except ValueError:  # it is not of the format of those before
            yield from self.flush()
            self._set_up()
            self._waiting.write(frame)
        if self._waiting.samples >= _AT_ONCE_S * frame.sample_rate:
            yield from self._resampled()

    def flush(self) -> Iterator[NDArray[np.int16]]:
        if self._waiting.samples:
            yield from self._resampled()
        yield from map(_samples, self._resampler.resample(None))

    def _set_up(self) -> None:
        self._waiting = AudioFifo()
        self._resampler = AudioResampler(format="s16", layout=self._layout, rate=SAMPLE_RATE)

    def _resampled(self) -> Iterator[NDArray[np.int16]]:
        yield from map(_samples, self._resampler.resample(self._waiting.read()))


def _samples(frame: AudioFrame) -> NDArray[np.int16]:
    channels = len(frame.layout.channels)
    sound = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * channels)
    return sound.reshape(-1, channels)
