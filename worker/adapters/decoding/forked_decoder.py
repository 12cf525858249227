"""Start and end decoders: each recording is decoded in a process forked from the fork server, which has all loaded.

There is one fork server, started with the first recording. Only it forks, kills and reaps decoders, so the id of a
process that has ended is never taken for another process.
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

from shared.domain.options import TrackOption
from shared.domain.raw_sound import RAW_CODECS, RawSound
from worker.adapters.child_process import FramePipe, socket_pair

_MODULE = "worker.adapters.decoding.fork_server"
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy would reserve memory for a thread per core, and a decoder's memory is limited."""
_DIE_WITHIN_S = 10.0

ORDER = struct.Struct("!cQiBIB")
"""FORK with the most samples to decode, the number of the sound track or one of `TRACK_CODES`, and how to read
headerless sound: the number of its codec from 1 on, sample rate and channels, or zeros. Or KILL with a process id."""
TRACK_CODES: dict[TrackOption, int] = {None: -1, "each": -2}
"""The numbers that stand for the other values of `track`."""
ANSWER = struct.Struct("!Q")
"""The process id."""
FORK, KILL = b"F", b"K"


def raw_numbers(raw: RawSound | None) -> tuple[int, int, int]:
    """The numbers of an order that tell how to read headerless sound."""
    return (RAW_CODECS.index(raw.codec) + 1, raw.rate, raw.channels) if raw else (0, 0, 0)


def raw_from_numbers(codec: int, rate: int, channels: int) -> RawSound | None:
    """Return what `raw_numbers` was given."""
    return RawSound(RAW_CODECS[codec - 1], rate, channels) if codec else None


@contextmanager
def start_decoder(fd: int, max_samples: int, track: TrackOption, raw: RawSound | None) -> Iterator[FramePipe]:
    """Start a decoder for a sound track of the file, or the `FileServer`, that is open as `fd`.

    Leaving the context kills it. Yields the pipe with its frames, see `worker.adapters.decoding.protocol`.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket_pair()
    with ours:
        with theirs:
            pid = _fork_server.fork(theirs.fileno(), fd, max_samples, track, raw)
        try:
            yield FramePipe(ours.fileno(), ours.fileno())
        finally:
            _fork_server.kill(pid)


class _ForkServer:
    """The parent's end of the fork server, which is started again after it died, and in a forked parent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner = 0

    def fork(self, pipe_fd: int, fd: int, max_samples: int, track: TrackOption, raw: RawSound | None) -> int:
        """Fork a decoder for the file that is open as `fd`, and return its process id."""
        number = track if isinstance(track, int) else TRACK_CODES[track]
        order = ORDER.pack(FORK, max_samples, number, *raw_numbers(raw))
        with self._lock:
            try:
                return self._order(order, pipe_fd, fd)
            except OSError:  # the fork server was killed
                self._stop()
                return self._order(order, pipe_fd, fd)

    def kill(self, pid: int) -> None:
        """Kill a decoder."""
        with self._lock, suppress(OSError):  # if the fork server died, its decoders died with it
            self._order(ORDER.pack(KILL, pid, 0, *raw_numbers(None)))

    def _order(self, order: bytes, *fds: int) -> int:
        if self._owner != os.getpid():
            self._start()
        socket.send_fds(self._socket, [order], fds)
        answer = self._socket.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(answer) < ANSWER.size:
            raise ConnectionResetError
        return int(ANSWER.unpack(answer)[0])

    def _start(self) -> None:
        self._socket, theirs = socket_pair()
        with theirs:
            # A process group of its own in the same session: see `Child`.
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=2,  # libraries may print
                process_group=0,
                pass_fds=[theirs.fileno()],
                env=os.environ | _ENVIRONMENT,
            )
        self._owner = os.getpid()

    def close(self) -> None:
        """End the fork server of this process, if there is one, and all its decoders."""
        with self._lock:
            if self._owner == os.getpid():
                self._stop()

    def _stop(self) -> None:
        self._owner = 0
        self._socket.close()  # the fork server notices, kills its decoders and ends
        try:
            self._process.wait(_DIE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_fork_server = _ForkServer()
atexit.register(_fork_server.close)
