"""Writes sound as Ogg with Opus, which all browsers play and in which they find every second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import av

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Samples

_LAYOUTS = {1: "mono", 2: "stereo"}
_BIT_RATES = {1: 32_000, 2: 48_000}
"""Speech at 16 kHz is transparent to listeners at these rates: 14 and 22 MB an hour."""
_OPTIONS = {"application": "audio", "compression_level": "5"}  # half the CPU of 10


class _Output(Protocol):
    def write(self, chunk: bytes, /) -> object: ...


class _Sink:
    """An output for PyAV that cannot be sought in, and counts its bytes."""

    def __init__(self, output: _Output) -> None:
        self._output = output
        self.size = 0

    def write(self, chunk: bytes) -> int:
        self._output.write(bytes(chunk))
        self.size += len(chunk)
        return len(chunk)


def write_opus(blocks: Iterable[Samples], output: _Output) -> int:
    """Write sound [n, channels] at 16 kHz, of more than two channels their mix, and return the number of bytes.

    Raises:
        ValueError: there is no sound.
    """
    sink, samples = _Sink(output), 0
    with av.open(sink, "w", format="ogg") as container:
        stream = None
        for block in blocks:
            sound = block if block.shape[1] in _LAYOUTS else block.mean(axis=1, keepdims=True).astype(block.dtype)
            channels = sound.shape[1]
            if stream is None:
                stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout=_LAYOUTS[channels], options=_OPTIONS)
                stream.bit_rate = _BIT_RATES[channels]
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout=_LAYOUTS[channels])
            frame.sample_rate, frame.pts = SAMPLE_RATE, samples
            samples += len(sound)
            container.mux(stream.encode(frame))
        if stream is None:
            raise ValueError("There is no sound.")
        container.mux(stream.encode(None))
    return sink.size
