"""A Python module run as a process of its own, to be killed when it hangs and survived when it dies.

Both sides exchange frames over pipes: a tag of one byte, a length, a payload. Nothing is unpickled: what a child says
after a decoder bug was used against it must not become code here.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

_HEADER = struct.Struct("!cI")
_MOST_BYTES = 1 << 28
"""No honest frame is larger: a batch of an hour of sound has half of this."""
_DIE_WITHIN_S = 10.0
_NICE = 5


def lower_priority() -> None:
    """Has this process, and those that it starts, take a third as much of a busy core as another: what people wait for,
    requests, goes before heartbeats, and these before what takes minutes anyway."""
    os.nice(_NICE)


class ChildTimeout(Exception):
    """The child neither took nor gave anything in time."""


class ChildDied(Exception):
    """The child's end of the pipe is closed, or it talks nonsense."""


class FramePipe:
    """Frames in and out over two file descriptors; timeouts in seconds, None waits for ever."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        os.set_blocking(write_fd, False)  # so that a reader that hangs costs no more than the timeout

    @classmethod
    def to_parent(cls) -> Self:
        """The child's end. What libraries print to standard output goes to standard error from now on."""
        pipe = cls(os.dup(0), os.dup(1))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        return pipe

    def send(self, tag: bytes, payload: bytes = b"", timeout: float | None = None) -> None:
        deadline = _deadline(timeout)
        data = memoryview(_HEADER.pack(tag, len(payload)) + payload)
        while data:
            _wait(self._write_fd, select.POLLOUT, deadline)
            try:
                data = data[os.write(self._write_fd, data) :]
            except ConnectionError as error:
                raise ChildDied from error

    def receive(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """The next frame: its tag and payload."""
        deadline = _deadline(timeout)
        tag, length = _HEADER.unpack(self._read(_HEADER.size, deadline))
        if length > _MOST_BYTES:
            raise ChildDied
        return tag, self._read(length, deadline)

    def _read(self, size: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < size:
            _wait(self._read_fd, select.POLLIN, deadline)
            chunk = os.read(self._read_fd, size - len(data))
            if not chunk:
                raise ChildDied
            data += chunk
        return bytes(data)


class Child(FramePipe):
    """The parent's end, and the process itself. A context manager: leaving it closes it."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        # A group of its own, as Ctrl-C in the terminal is for the parent, which ends its children in order; in the
        # same session, as Linux weighs priorities within sessions alone (autogroups).
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
            env={**os.environ, **(environment or {})},
        )
        assert self._process.stdin
        assert self._process.stdout
        super().__init__(self._process.stdout.fileno(), self._process.stdin.fileno())

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """Ends the process; whoever exchanges frames with it, in whatever thread, gets ChildDied."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver that hangs keeps its process; nobody waits for that
            self._process.wait(_DIE_WITHIN_S)

    def close(self) -> None:
        """Ends the process and gives its pipes back; for the thread that exchanges frames with it."""
        self.kill()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(fd, event)
    milliseconds = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(milliseconds):
        raise ChildTimeout
