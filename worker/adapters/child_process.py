"""Run a Python module as a child process, which is killed when it hangs and whose death the parent survives.

Both sides exchange frames over pipes: a tag of one byte, a length, a payload. Nothing is unpickled: the messages of a
child that was taken over through a decoder bug must not become code here.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_HEADER = struct.Struct("!cI")
_MOST_BYTES = 1 << 28
"""The largest frame accepted: a batch of an hour of sound has half of this."""
_DIE_WITHIN_S = 10.0
_NICE = 5


def lower_priority() -> None:
    """Lower the priority of this process and its children to a third of a busy core beside a normal process.

    Requests, for which users wait, then go before heartbeats, and heartbeats before work that takes minutes anyway.
    """
    os.nice(_NICE)


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Open two connected sockets that wait for each other, of which a child process inherits one.

    Celery sets a default timeout while it stops. With one, the descriptor would fail in the child instead of waiting.
    """
    pair = socket.socketpair()
    for each in pair:
        each.settimeout(None)
    return pair


class ChildTimeout(Exception):
    """The child neither read nor wrote in time."""


class ChildDied(Exception):
    """The child's end of the pipe is closed, or it sent no valid frame."""


class FramePipe:
    """Sends and receives frames over two file descriptors. Timeouts are in seconds; None waits forever."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        os.set_blocking(write_fd, False)  # so that a reader that hangs costs no more than the timeout

    @classmethod
    def to_parent(cls) -> Self:
        """The child's end of the pipe. Standard output is redirected to standard error, so that libraries may print."""
        pipe = cls(os.dup(0), os.dup(1))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        return pipe

    def send(self, tag: bytes, *parts: ReadableBuffer, timeout: float | None = None) -> None:
        """Send one frame; its payload is the parts, one after the other. Raises ChildTimeout, ChildDied."""
        deadline = _deadline(timeout)
        payload = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        for data in (memoryview(_HEADER.pack(tag, sum(map(len, payload)))), *payload):
            while data:
                _wait(self._write_fd, select.POLLOUT, deadline)
                try:
                    data = data[os.write(self._write_fd, data) :]
                except ConnectionError as error:
                    raise ChildDied from error

    def receive(self, timeout: float | None = None) -> tuple[bytes, bytearray]:
        """Receive the next frame: its tag and payload. Raises ChildTimeout, ChildDied."""
        deadline = _deadline(timeout)
        tag, length = _HEADER.unpack(self._read(_HEADER.size, deadline))
        if length > _MOST_BYTES:
            raise ChildDied
        return tag, self._read(length, deadline)

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        missing = memoryview(data)
        while missing:
            _wait(self._read_fd, select.POLLIN, deadline)
            read = os.readv(self._read_fd, [missing])
            if not read:
                raise ChildDied
            missing = missing[read:]
        return data


class Child(FramePipe):
    """A child process and the parent's end of its pipe. A context manager: leaving it closes both."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        # A process group of its own, because Ctrl-C in the terminal is meant for the parent, which ends its children in
        # order; but the same session, because Linux weighs priorities within a session only (autogroups).
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
        """The process id."""
        return self._process.pid

    def kill(self) -> None:
        """Kill the process, from any thread; a thread that exchanges frames with it gets ChildDied."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a hung driver keeps its process alive; it is not waited for
            self._process.wait(_DIE_WITHIN_S)

    def close(self) -> None:
        """Kill the process and close its pipes; call it from the thread that exchanges frames."""
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
