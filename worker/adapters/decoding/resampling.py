"""Any sound to 16 kHz, 16 bit, one or two channels. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE

_Setup = tuple[str, str, int]


class Resampler:
    """FFmpeg's own resampler, set up anew where a stream changes its format on the way."""

    def __init__(self, channels: int) -> None:
        self._layout = "stereo" if channels == 2 else "mono"
        self._setup: _Setup | None = None
        self._resampler = self._fresh()

    def push(self, frame: AudioFrame) -> Iterator[NDArray[np.int16]]:
        """Sound [n, channels] that became certain with the next frame."""
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._setup not in (None, setup):
            yield from self.flush()
            self._resampler = self._fresh()
        self._setup = setup
        frame.pts = None  # the frames are in order and without holes
        yield from map(self._samples, self._resampler.resample(frame))

    def flush(self) -> Iterator[NDArray[np.int16]]:
        if self._setup:
            yield from map(self._samples, self._resampler.resample(None))

    def _fresh(self) -> AudioResampler:
        return AudioResampler(format="s16", layout=self._layout, rate=SAMPLE_RATE)

    def _samples(self, frame: AudioFrame) -> NDArray[np.int16]:
        channels = len(frame.layout.channels)
        sound = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples * channels)
        return sound.reshape(-1, channels)
