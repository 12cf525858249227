"""The length that a file declares for its sound, and whether that can be trusted. Runs in the decoder's process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.wav_header import WavHeader

_ESTIMATED = {"aac", "ac3", "amr", "dts"}
"""Formats that declare no length: FFmpeg's is an estimate from the size and the bit rate."""
_ESTIMATE_ERROR = 0.02
_MISSING_SHARE = 0.01
_MISSING_S = 0.5
_UNKNOWN_NEAR = 4096
"""Programs that write WAV into a pipe give the data 0 bytes, or some bytes less than 2 or 4 GiB."""


@dataclass(frozen=True, slots=True)
class DeclaredLength:
    """The length of a sound track in seconds, as its file declares it: None if it does not, or an impossible one.

    Some formats declare one length for sound and pictures together. `exact` is False where the length is an estimate.
    `is_stream` is True for a WAV file that was written into a pipe: it has no length, and its last packet looks cut.
    """

    seconds: float | None
    exact: bool
    is_stream: bool = False

    @classmethod
    def of(
        cls, file: BinaryIO | FilePiece, container: InputContainer, stream: AudioStream, longest_s: float
    ) -> DeclaredLength:
        """The length of a track of a file. A recording longer than `longest_s` seconds does not exist."""
        if stream.duration and stream.time_base:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / av.time_base
        else:
            return cls(None, exact=False)
        is_stream = container.format.name == "wav" and is_open_ended(WavHeader.read(file).data_bytes)
        exact = not is_stream and not _is_estimated(container, stream)
        # One wrong bit in a timestamp makes a recording of millennia, to be filled with silence.
        return cls(seconds if 0 < seconds <= longest_s else None, exact, is_stream)

    def is_missed_by(self, seconds: float) -> bool:
        """Whether so many seconds of sound, or of pictures, are far fewer than the file should have."""
        if self.seconds is None or not self.exact:
            return False
        return seconds < self.seconds - max(_MISSING_S, _MISSING_SHARE * self.seconds)


def _is_estimated(container: InputContainer, stream: AudioStream) -> bool:
    if container.format.name != "mp3":
        return container.format.name in _ESTIMATED
    # Only some files begin with a frame that has the length; then a part of the file has another size.
    if not stream.bit_rate or not stream.duration or not stream.time_base:
        return True
    estimate_s = container.size * 8 / stream.bit_rate
    return abs(float(stream.duration * stream.time_base) / estimate_s - 1) < _ESTIMATE_ERROR


def is_open_ended(size: int | None) -> bool:
    """Whether a WAV file gives its data a size in bytes that stands for an unknown one."""
    if size is None:
        return False
    return size == 0 or any(limit - _UNKNOWN_NEAR <= size <= limit for limit in (1 << 31, 1 << 32))
