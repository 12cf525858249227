"""The recording on disk: as MP3 for our segmentation, and as WAV for peers that would need ffmpeg for an MP3."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import soundfile

from lab.benchmarks.segment.clips import Clip
from lab.benchmarks.segment.recording import Truth, stretches
from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Samples

_BIT_RATE = 64_000
_QUICK = "7"
"""LAME's level of effort: 0 (best) to 9 (fastest)."""
_BARE = {"write_xing": "0", "id3v2_version": "0"}
"""FFmpeg's options for an MP3 without headers between its frames."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The same sound, 16 kHz and mono, in both files."""

    mp3: Path
    wav: Path
    truth: Truth

    @property
    def hours(self) -> float:
        """Length in hours."""
        return self.truth.duration / SAMPLE_RATE / 3600


def write_recording(path: Path, clips: Sequence[Clip], hours: float) -> Recording:
    """Write `path` with the suffixes `.mp3` and `.wav`, one stretch at a time, `hours` in all."""
    mp3, wav = path.with_suffix(".mp3"), path.with_suffix(".wav")
    written = []
    with _Mp3(mp3) as encoder, soundfile.SoundFile(wav, "w", SAMPLE_RATE, 1, "PCM_16") as plain:
        for stretch, sound in stretches(clips, hours * 3600):
            encoder.write(sound)
            plain.write(sound)
            written.append(stretch)
    return Recording(mp3, wav, Truth(tuple(written)))


def write_repeated(mp3: Path, times: int, out: Path) -> None:
    """Write the sound of an MP3 `times` times: its frames concatenated, without the header that has their number."""
    bare = out.with_suffix(".bare.mp3")
    with av.open(str(mp3)) as source, av.open(str(bare), "w", options=_BARE) as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = track
                target.mux(packet)
    with out.open("wb") as joined:
        for _ in range(times):
            with bare.open("rb") as frames:
                shutil.copyfileobj(frames, joined)
    bare.unlink()


class _Mp3:
    """An MP3 encoder; leaving its context completes the file."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path), "w")
        self._track = self._container.add_stream("libmp3lame", rate=SAMPLE_RATE, options={"compression_level": _QUICK})
        self._track.layout = "mono"
        self._track.bit_rate = _BIT_RATE
        self._written = 0

    def write(self, sound: Samples) -> None:
        """Encode the next samples [n]."""
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._written
        self._written += len(sound)
        self._container.mux(self._track.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.mux(self._track.encode(None))
        self._container.close()
