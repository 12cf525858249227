"""How a decoder's process begins and ends: forked from a nursery that has everything loaded, for each recording.

There is one nursery, begun with the first recording. It forks, and it alone kills and reaps: a process that has ended
is never mistaken for another with its number.
"""

from __future__ import annotations

import atexit
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from worker.adapters.child_process import FramePipe

_MODULE = "worker.adapters.decoding.fork_server"
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy would reserve memory for a thread per core, out of the little that a decoder may have."""
_DIE_WITHIN_S = 10.0

ORDER = struct.Struct("!cQ")
ANSWER = struct.Struct("!Q")
FORK, KILL = b"F", b"K"


@contextmanager
def decoding(fd: int, max_samples: int) -> Iterator[FramePipe]:
    """What the decoder says of the file, or the `FileServer`, open as `fd`; its process ends with the context.

    Raises OSError when there can be none.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            pid = _fork_server.fork(theirs.fileno(), fd, max_samples)
        try:
            yield FramePipe(ours.fileno(), ours.fileno())
        finally:
            _fork_server.kill(pid)


class _ForkServer:
    """The parent's end. It is begun anew where it has died, and in a process that was itself forked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner = 0

    def fork(self, pipe_fd: int, fd: int, max_samples: int) -> int:
        """The number of a process that decodes what is open as `fd`."""
        with self._lock:
            try:
                return self._order(FORK, max_samples, pipe_fd, fd)
            except OSError:  # it was killed since
                self._end()
                return self._order(FORK, max_samples, pipe_fd, fd)

    def kill(self, pid: int) -> None:
        with self._lock, suppress(OSError):  # its children have died with the nursery
            self._order(KILL, pid)

    def _order(self, kind: bytes, number: int, *fds: int) -> int:
        if self._owner != os.getpid():
            self._begin()
        socket.send_fds(self._socket, [ORDER.pack(kind, number)], fds)
        answer = self._socket.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(answer) < ANSWER.size:
            raise ConnectionResetError
        return int(ANSWER.unpack(answer)[0])

    def _begin(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            # A group of its own, in the same session: see `Child`. It ends when the parent's end is closed.
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what libraries print is no result
                process_group=0,
                pass_fds=[theirs.fileno()],
                env=os.environ | _ENVIRONMENT,
            )
        self._owner = os.getpid()

    def close(self) -> None:
        """Ends the nursery that this process has begun, if it has, and all of its decoders."""
        with self._lock:
            if self._owner == os.getpid():
                self._end()

    def _end(self) -> None:
        self._owner = 0
        self._socket.close()  # at which it kills its decoders and ends
        try:
            self._process.wait(_DIE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_fork_server = _ForkServer()
atexit.register(_fork_server.close)
