"""Long recordings: the packets of an encoded recording, again and again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a recording: FFmpeg's names of container and codec, bits per second where it has any, Hz."""

    container: str
    codec: str
    bit_rate: int | None = None
    rate: int = 44_100


FORMATS = {
    "WAV": Format("wav", "pcm_s16le"),
    "FLAC": Format("flac", "flac"),
    "MP3": Format("mp3", "libmp3lame", 128_000),
    "M4A": Format("ipod", "aac", 128_000),
}


def write_recording(source: Path, target: Path, form: Format, hours: float, layout: str = "stereo") -> None:
    """Write `hours` of the sound of `source` over and over; it is encoded once."""
    with tempfile.TemporaryDirectory() as folder:
        once = Path(folder, "once")
        _encode(source, once, form, layout)
        with av.open(str(target), "w", format=form.container) as out, av.open(str(once)) as first:
            track = out.add_stream_from_template(first.streams.audio[0])
            offset = 0
            length = first.streams.audio[0].duration or 0
            for _ in range(ceil(hours * 3600 / float(length * (track.time_base or 0) or 1))):
                with av.open(str(once)) as container:
                    for packet in container.demux(container.streams.audio[0]):
                        if packet.size and packet.pts is not None and (packet.pts >= 0 or not offset):
                            packet.pts = packet.dts = packet.pts + offset
                            end = packet.pts + (packet.duration or 0)
                            packet.stream = track
                            out.mux(packet)
                offset = end


def _encode(source: Path, target: Path, form: Format, layout: str) -> None:
    resampler = av.AudioResampler("s16", layout, form.rate)
    with av.open(str(source)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    with av.open(str(target), "w", format=form.container) as out:
        stream = out.add_stream(form.codec, rate=form.rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        if form.bit_rate:
            stream.bit_rate = form.bit_rate
        frame = av.AudioFrame.from_ndarray(samples, "s16", layout)
        frame.sample_rate, frame.time_base, frame.pts = form.rate, Fraction(1, form.rate), 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
