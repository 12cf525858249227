"""Read a file that was put together from several, as by `cat`, one after the other. Runs in the decoder's process."""

from __future__ import annotations

import os
from typing import BinaryIO

from worker.adapters.decoding.file_signatures import LONGEST, Signature, find_signature

_SCANNED_BYTES = 1 << 20


class FilePiece:
    """The part of a file from `start` to where another file begins, to be read like a file of its own.

    A file begins where the header of the one before says that it ends, or at a signature that comes behind what the
    header covers; this is noticed when it is read. `end` is where this one ends, as far as is known. `name` is for
    FFmpeg.
    """

    def __init__(self, file: BinaryIO, start: int = 0, name: str = "recording") -> None:
        self.name = name
        self.start = start
        self._file = file
        self._position = start
        self._signature: Signature | None = None
        self._open_from = self._read_to = start
        self.end = self._length = file.seek(0, os.SEEK_END) if file.seekable() else 0
        if not file.seekable():
            return
        signature = find_signature(file, start)
        if signature:
            self._signature = signature
            self._open_from = signature.known_end(file, start, signature.pattern)
            if signature.search(file, self._open_from, self._read(self._open_from, LONGEST)) == 0:
                self.end = self._open_from

    @property
    def is_all(self) -> bool:
        """Whether no other file is known, so far, to follow."""
        return self.end == self._length

    def next_start(self) -> int | None:
        """Return where the next file begins, None if there is none; call it when this one was read."""
        if not self.is_all:
            return self.end
        if not self._signature:
            return None
        place = max(self._open_from, self._read_to)
        while place < self._length:
            content = self._read(place, _SCANNED_BYTES + LONGEST)
            if (begin := self._signature.search(self._file, place, content)) is not None:
                return place + begin
            place += _SCANNED_BYTES
        return None

    def seekable(self) -> bool:
        """Whether the whole file can be read from any position."""
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, also behind the end, and return it."""
        base = {os.SEEK_SET: self.start, os.SEEK_CUR: self._position, os.SEEK_END: self.end}[whence]
        if base + offset < self.start:
            raise OSError("before the start")
        self._position = self._file.seek(base + offset)  # raises OSError where that is impossible
        return self._position - self.start

    def tell(self) -> int:
        """Return the position."""
        return self._position - self.start

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes, and no further than to where another file begins; none at the end."""
        if self.seekable():
            size = min(size, self.end - self._position)
            content = self.read_watchfully(size) if size > 0 else b""
        else:
            content = self._file.read(size)
        self._position += len(content)
        return content

    def read_watchfully(self, size: int) -> bytes:
        """Read at the present position, without moving, and note where another file begins."""
        is_open = self._signature and self._position + size > self._open_from and self.end > self._open_from
        content = self._read(self._position, size + LONGEST if is_open else size)
        if is_open and self._signature:
            known = max(0, self._open_from - self._position)
            begin = self._signature.search(self._file, self._position, content, known)
            if begin is not None and begin < size:
                self.end = self._position + begin
                size = begin
        self._read_to = max(self._read_to, self._position + size)
        return content[:size]

    def _read(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)
