"""The process that decoders are forked from: `python -m worker.adapters.decoding.fork_server FD`.

Loading PyAV and NumPy takes half a second, which is longer than decoding a call. When its parent has gone, it ends, and
every decoder with it.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import traceback
from contextlib import suppress
from itertools import pairwise

from worker.adapters.child_process import FramePipe, lower_priority
from worker.adapters.decoding.forked_decoder import ANSWER, FORK, ORDER
from worker.adapters.decoding.process import decode


def main() -> None:
    lower_priority()
    living: set[int] = set()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while True:
            order, fds, _, _ = socket.recv_fds(orders, ORDER.size, 2)
            _reap(living)
            if len(order) < ORDER.size:
                break
            kind, number = ORDER.unpack(order)
            if kind == FORK:
                number = _forked(number, *fds)
                living.add(number)
            else:
                _kill(living, number)
            orders.sendall(ANSWER.pack(number))
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _forked(max_samples: int, pipe: int, fd: int) -> int:
    pid = os.fork()
    if not pid:
        try:
            _close_all_but(0, 1, 2, pipe, fd)
            decode(fd, max_samples, FramePipe(pipe, pipe))
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(pipe)
    os.close(fd)
    return pid


def _close_all_but(*kept: int) -> None:
    end = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for low, high in pairwise([*sorted(kept), end]):
        os.closerange(low + 1, high)


def _kill(living: set[int], pid: int) -> None:
    if pid in living:
        os.kill(pid, signal.SIGKILL)


def _reap(living: set[int]) -> None:
    with suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            living.discard(pid)


if __name__ == "__main__":
    main()
