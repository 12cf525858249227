"""The header of a WAV file, as far as FFmpeg does not tell it. Runs in the decoder's process."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Self

from worker.adapters.decoding.file_piece import FilePiece

_RIFF_BYTES = 12
"""Bytes before the first chunk."""
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIH")
"""The coding, channels, sample rate, bytes per second, bytes per block."""
_EXTENSIBLE = 0xFFFE
_SUBFORMAT_AT = 24
"""Where a coding that is extensible has its true number."""
_START_BYTES = 8
_MOST_CHUNKS = 10_000
"""A file may have an empty chunk in every 8 bytes."""


@dataclass(frozen=True, slots=True)
class WavHeader:
    """The number of the coding, the bytes of a block, the size of the data as declared and the first bytes of it.

    What the file lacks is 0 or empty; the size is None where there is no data.
    """

    coding: int = 0
    block_bytes: int = 0
    data_bytes: int | None = None
    data_start: bytes = b""

    @classmethod
    def read(cls, file: BinaryIO | FilePiece) -> Self:
        """Read the header of a WAV file, if it can be read twice; leaves the position as it is."""
        if not file.seekable():
            return cls()
        position = file.tell()
        coding = block_bytes = 0
        try:
            file.seek(_RIFF_BYTES)
            for _ in range(_MOST_CHUNKS):
                head = file.read(_CHUNK.size)
                if len(head) < _CHUNK.size:
                    break
                name, size = _CHUNK.unpack(head)
                if name == b"data":
                    return cls(coding, block_bytes, size, file.read(_START_BYTES))
                end = file.tell() + size + size % 2
                if name == b"fmt " and size >= _FORMAT.size:
                    fields = file.read(min(size, _SUBFORMAT_AT + 2))
                    coding, _, _, _, block_bytes = _FORMAT.unpack_from(fields)
                    if coding == _EXTENSIBLE:
                        coding = int.from_bytes(fields[_SUBFORMAT_AT:], "little")
                file.seek(end)
            return cls(coding, block_bytes)
        finally:
            file.seek(position)
