"""Resample any sound to 16 kHz, 16 bit. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE

_BATCH_S = 1
"""Seconds of sound resampled at once: for frames of 20 ms the calls cost more than the resampling."""

_Setup = tuple[str, int, int]
"""Sample format, number of channels, sample rate."""


class Resampler:
    """FFmpeg's resampler, which is set up again when a stream changes its format.

    It mixes to one or two `channels`; of more, which have no places, each stays by itself. The first `skip` samples,
    fewer than the first frame has, are left out. Since it was set up, `samples_in` samples have become `samples_out` at
    16 kHz.
    """

    def __init__(self, channels: int, skip: int = 0) -> None:
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
        self._skip = skip
        self._setup: _Setup | None = None
        self.samples_in = self.samples_out = 0

    def push(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        """Resample the next frame, or None at the end, and yield the sound [n, channels] that is complete now.

        Raises `MEDIA_ERRORS` for a frame that FFmpeg cannot resample; the next frame may work again.
        """
        setup = _setup(frame) if frame else None
        if setup != self._setup:
            yield from self._finish()
            self._setup = setup
            self.samples_in = self.samples_out = 0
            self._waiting = AudioFifo()
            self._resampler = AudioResampler(format="s16", layout=self._layout, rate=SAMPLE_RATE)
        if frame:
            frame.pts = None  # the frames are in order and without gaps
            self._waiting.write(frame)
            self.samples_in += frame.samples - self._skip
            if self._skip:
                self._waiting.read(self._skip)
                self._skip = 0
            if self._waiting.samples >= _BATCH_S * frame.sample_rate:
                yield from self.drain()

    def drain(self) -> Iterator[NDArray[np.int16]]:
        """Resample what waits for a whole batch: the division into batches makes no difference to the sound."""
        if self._waiting.samples:
            yield from self._resample(self._waiting.read())

    def _finish(self) -> Iterator[NDArray[np.int16]]:
        if self._setup:
            self._setup = None
            yield from self.drain()
            yield from self._resample(None)

    def _resample(self, frame: AudioFrame | None) -> Iterator[NDArray[np.int16]]:
        for resampled in self._resampler.resample(frame):
            self.samples_out += resampled.samples
            yield _samples(resampled)


def _setup(frame: AudioFrame) -> _Setup:
    # PyAV's queue would accept a frame with fewer channels than the one before, and read beyond its memory.
    return frame.format.name, frame.layout.nb_channels, frame.sample_rate


def _samples(frame: AudioFrame) -> NDArray[np.int16]:
    channels = len(frame.layout.channels)
    sound = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * channels)
    return sound.reshape(-1, channels)
