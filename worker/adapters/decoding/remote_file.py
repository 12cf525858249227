"""Give a confined process read access to a recording that is not a file of this machine, such as an object in S3.

Over a socket, the process requests bytes at a position; the parent replies with their number and content.
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
from worker.adapters.child_process import socket_pair

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LENGTH = struct.Struct("!Q")
_REQUEST = struct.Struct("!QI")
"""Position and number of bytes."""
_REPLY = struct.Struct("!I")
"""Number of the bytes that follow."""
_BLOCK_BYTES = 512 << 10
"""The largest reply. Fewer, larger replies are faster on a busy machine, where each may wait for a core."""
_FFMPEG_BYTES = 32 << 10
"""The size of FFmpeg's reads."""


class FileServer:
    """The parent's end: while the context lasts, a thread reads `file` for the process that inherits `fd`.

    When the file cannot be read, the socket is shut down; `check` raises the reason.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._length = file.seek(0, os.SEEK_END)
        self._ours, self._theirs = socket_pair()
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BLOCK_BYTES)  # a reply is sent without waiting
        self._thread = Thread(target=self._run, name="file-server", daemon=True)
        self._error: Exception | None = None
        self._reading_since: float | None = None

    @property
    def fd(self) -> int:
        """The descriptor for the process to inherit."""
        return self._theirs.fileno()

    def check(self, timeout_s: float) -> None:
        """Raise the error of the last read, or StoreUnavailable if a read has taken half of `timeout_s` seconds."""
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
        self._thread.join()  # the caller closes the file next
        self._ours.close()
        self._theirs.close()

    def _run(self) -> None:
        with suppress(OSError):  # the process has ended
            self._ours.sendall(_LENGTH.pack(self._length))
            while len(request := self._ours.recv(_REQUEST.size, socket.MSG_WAITALL)) == _REQUEST.size:
                position, size = _REQUEST.unpack(request)
                try:
                    data = b""
                    if position < self._length:
                        self._reading_since = time.monotonic()
                        self._file.seek(position)
                        data = self._file.read(min(size, _BLOCK_BYTES))
                        self._reading_since = None
                except Exception as error:
                    self._error = error
                    self._hang_up()
                else:
                    self._ours.sendall(_REPLY.pack(len(data)))
                    self._ours.sendall(data)

    def _hang_up(self) -> None:
        with suppress(OSError):  # the process has closed its end
            self._ours.shutdown(socket.SHUT_RDWR)


class RemoteFile(io.RawIOBase):
    """The process's end, used like the file itself; the process exits when the parent shuts the socket down.

    The next block is requested before the present one is decoded.
    """

    def __init__(self, fd: int, name: str) -> None:
        super().__init__()
        self.name = name
        self._socket = socket.socket(fileno=fd)
        self._position = 0
        self._block, self._block_start = memoryview(b""), 0
        self._requested: int | None = None
        (self._length,) = _LENGTH.unpack(self._receive(_LENGTH.size))

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, also behind the end, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise OSError("before the start")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read bytes into `buffer`, fewer than fit at the end of a block, and return their number; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._position >= self._length:
            return 0
        if not 0 <= self._position - self._block_start < len(self._block):
            if self._requested != self._position:
                if self._requested is not None:
                    self._receive_block()
                self._request(self._position)
            self._block, self._block_start = self._receive_block(), self._position
            self._request(self._position + len(self._block))
        data = self._block[self._position - self._block_start :][: len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _request(self, position: int) -> None:
        self._requested = position if position < self._length else None
        if self._requested is not None:
            with suppress(OSError):  # if the parent shut the socket down, receiving the reply fails
                self._socket.sendall(_REQUEST.pack(position, _BLOCK_BYTES))

    def _receive_block(self) -> memoryview:
        (size,) = _REPLY.unpack(self._receive(_REPLY.size))
        return self._receive(size)

    def _receive(self, size: int) -> memoryview:
        received = memoryview(bytearray(size))
        with suppress(OSError):
            if self._socket.recv_into(received, 0, socket.MSG_WAITALL) == size:
                return received
        os._exit(1)  # half a file must not be taken for the whole recording


def open_remote_file(fd: int, name: str) -> BinaryIO:
    """Open the file that a FileServer serves at the socket `fd`."""
    return io.BufferedReader(RemoteFile(fd, name), _FFMPEG_BYTES)
