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


_Setup = tuple[str, int, int]


class Resampler:
    """FFmpeg's own resampler, set up anew where a stream changes its format on the way."""

    def __init__(self, channels: int) -> None:
        self._layout = "stereo" if channels == 2 else "mono"
        self._setup: _Setup | None = None

    def push(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        """Sound [n, channels] that became certain with the next frame, or with None at the end.

        Raises `MEDIA_ERRORS` for sound that FFmpeg does not resample; the next frame may do again.
        """
        setup = _setup(frame) if frame else None
        if setup != self._setup:
            yield from self._finish()
            self._start(setup)
        if frame:
            frame.pts = None  # the frames are in order and without holes
            self._waiting.write(frame)
            if self._waiting.samples >= _AT_ONCE_S * frame.sample_rate:
                yield from map(_samples, self._resampler.resample(self._waiting.read()))

    def _start(self, setup: _Setup | None) -> None:
        self._setup = setup
        self._waiting = AudioFifo()
        self._resampler = AudioResampler(format="s16", layout=self._layout, rate=SAMPLE_RATE)

    def _finish(self) -> Iterator[NDArray[np.int16]]:
        if self._setup:
            self._setup = None
            if self._waiting.samples:
                yield from map(_samples, self._resampler.resample(self._waiting.read()))
            yield from map(_samples, self._resampler.resample(None))


def _setup(frame: AudioFrame) -> _Setup:
    # PyAV's queue takes frames with fewer channels than those before, and then reads what is not theirs.
    return frame.format.name, frame.layout.nb_channels, frame.sample_rate


def _samples(frame: AudioFrame) -> NDArray[np.int16]:
    channels = len(frame.layout.channels)
    sound = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * channels)
    return sound.reshape(-1, channels)
