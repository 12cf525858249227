"""The process that decoders are forked from: `python -m worker.adapters.decoding.fork_server FD`.

It has PyAV and NumPy loaded, which takes half a second, longer than decoding a call. When its parent's end of the
socket closes, it kills its decoders and ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress

from shared.domain.options import TrackOption
from shared.domain.raw_sound import RawSound
from worker.adapters.child_process import FramePipe, lower_priority
from worker.adapters.decoding.confinement import close_other_files
from worker.adapters.decoding.forked_decoder import ANSWER, FORK, ORDER, TRACK_CODES, raw_from_numbers
from worker.adapters.decoding.process import decode
from worker.adapters.decoding.range_processes import usable_cores

_TRACKS: dict[int, TrackOption] = {code: track for track, code in TRACK_CODES.items()}
_PR_SET_CHILD_SUBREAPER = 36
"""From linux/prctl.h: the processes of a decoder that was killed become children of this one, which reaps them."""


def main() -> None:
    """Fork and kill decoders as the parent orders over the socket FD, until it closes."""
    lower_priority()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    cores = usable_cores()
    living: set[int] = set()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while True:
            order, fds, _, _ = socket.recv_fds(orders, ORDER.size, 2)
            _reap(living)
            if len(order) < ORDER.size:
                break
            kind, number, track, *raw = ORDER.unpack(order)
            if kind == FORK:
                number = _fork_decoder(number, _TRACKS.get(track, track), raw_from_numbers(*raw), cores, *fds)
                living.add(number)
            elif number in living:
                os.killpg(number, signal.SIGKILL)
            orders.sendall(ANSWER.pack(number))
    for pid in living:
        os.killpg(pid, signal.SIGKILL)


def _reap(living: set[int]) -> None:
    """Reap the processes that have ended, and kill those that a decoder has left behind."""
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in living:
                os.killpg(ended.si_pid, signal.SIGKILL)  # the decoder is not reaped yet, so that its id is its own
                living.remove(ended.si_pid)
            os.waitpid(ended.si_pid, 0)


def _fork_decoder(max_samples: int, track: TrackOption, raw: RawSound | None, cores: int, pipe: int, fd: int) -> int:
    pid = os.fork()
    if not pid:
        try:
            close_other_files(pipe, fd)
            decode(fd, max_samples, track, raw, FramePipe(pipe, pipe), cores)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    with suppress(ProcessLookupError):
        os.setpgid(pid, pid)  # the processes that it forks are killed with it
    os.close(pipe)
    os.close(fd)
    return pid


if __name__ == "__main__":
    main()
