"""A recording that is no file of this machine, for a process that can open nothing: its parent reads it for it.

Over a socket the process asks for bytes at a place; the parent answers with how many there are, and them.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import time
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, Self

from shared.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LENGTH = struct.Struct("!Q")
_ASKED = struct.Struct("!QI")
_COMES = struct.Struct("!I")
_BLOCK_BYTES = 512 << 10
"""The most that comes at once. On a busy machine each answer may wait for its turn on a core."""
_FFMPEG_BYTES = 32 << 10
"""What FFmpeg reads at once."""


class FileServer:
    """The parent's end: a thread that reads `file` for the process that inherits `fd`, while the context lasts.

    When the file cannot be read, it hangs up; `check` tells why.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._length = file.seek(0, os.SEEK_END)
        self._ours, self._theirs = socket.socketpair()
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BLOCK_BYTES)  # an answer waits for nobody
        self._thread = Thread(target=self._run, name="file-server", daemon=True)
        self._error: Exception | None = None
        self._reading_since: float | None = None

    @property
    def fd(self) -> int:
        return self._theirs.fileno()

    def check(self, timeout_s: float) -> None:
        """Raises what reading the file has raised, or StoreUnavailable when that has taken half of `timeout_s`."""
        since = self._reading_since
        if self._error is not None:
            raise self._error
        if since is not None and time.monotonic() - since > timeout_s / 2:
            raise StoreUnavailable("The store did not send the recording in time.")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()
        self._thread.join()  # who opened the file closes it next
        self._ours.close()
        self._theirs.close()

    def _run(self) -> None:
        with suppress(OSError):  # the process has ended
            self._ours.sendall(_LENGTH.pack(self._length))
            while len(asked := self._ours.recv(_ASKED.size, socket.MSG_WAITALL)) == _ASKED.size:
                self._answer(*_ASKED.unpack(asked))

    def _answer(self, place: int, size: int) -> None:
        try:
            data = self._read(place, min(size, _BLOCK_BYTES))
        except Exception as error:
            self._error = error
            self._hang_up()
        else:
            self._ours.sendall(_COMES.pack(len(data)))
            self._ours.sendall(data)

    def _read(self, place: int, size: int) -> bytes:
        if place >= self._length:
            return b""
        self._reading_since = time.monotonic()
        self._file.seek(place)
        data = self._file.read(size)
        self._reading_since = None
        return data

    def _hang_up(self) -> None:
        with suppress(OSError):  # the other end has
            self._ours.shutdown(socket.SHUT_RDWR)


class RemoteFile(io.RawIOBase):
    """The process's end, as the file that it stands for; the process ends when its parent hangs up.

    While one block is decoded, the next is on its way.
    """

    def __init__(self, fd: int, name: str) -> None:
        super().__init__()
        self.name = name
        self._socket = socket.socket(fileno=fd)
        self._place = 0
        self._block, self._block_place = memoryview(b""), 0
        self._coming: int | None = None
        (self._length,) = _LENGTH.unpack(self._receive(_LENGTH.size))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise OSError("before the start")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._place >= self._length:
            return 0
        if not 0 <= self._place - self._block_place < len(self._block):
            self._block, self._block_place = self._fetch(self._place), self._place
        data = self._block[self._place - self._block_place :][: len(view)]
        view[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _fetch(self, place: int) -> memoryview:
        if self._coming != place:
            if self._coming is not None:
                self._receive_block()
            self._ask(place)
        block = self._receive_block()
        self._ask(place + len(block))
        return block

    def _ask(self, place: int) -> None:
        self._coming = place if place < self._length else None
        if self._coming is not None:
            with suppress(OSError):  # the parent has hung up, which is found when the answer is wanted
                self._socket.sendall(_ASKED.pack(place, _BLOCK_BYTES))

    def _receive_block(self) -> memoryview:
        (comes,) = _COMES.unpack(self._receive(_COMES.size))
        return self._receive(comes)

    def _receive(self, size: int) -> memoryview:
        received = memoryview(bytearray(size))
        with suppress(OSError):
            if self._socket.recv_into(received, 0, socket.MSG_WAITALL) == size:
                return received
        os._exit(1)  # nothing that FFmpeg could make of half a file is to be taken for a recording


def opened(fd: int, name: str) -> BinaryIO:
    """The file that a FileServer serves."""
    return io.BufferedReader(RemoteFile(fd, name), _FFMPEG_BYTES)
