"""The process that decoders are forked from: `python -m worker.adapters.decoding.fork_server FD`.

It has PyAV and NumPy loaded, which takes half a second, longer than decoding a call. When its parent's end of the
socket closes, it kills its decoders and ends.
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
    """Fork and kill decoders as the parent orders over the socket FD, until it closes."""
    lower_priority()
    living: set[int] = set()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while True:
            order, fds, _, _ = socket.recv_fds(orders, ORDER.size, 2)
            with suppress(ChildProcessError):
                while pid := os.waitpid(-1, os.WNOHANG)[0]:
                    living.discard(pid)
            if len(order) < ORDER.size:
                break
            kind, number = ORDER.unpack(order)
            if kind == FORK:
                number = _fork_decoder(number, *fds)
                living.add(number)
            elif number in living:
                os.kill(number, signal.SIGKILL)
            orders.sendall(ANSWER.pack(number))
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _fork_decoder(max_samples: int, pipe: int, fd: int) -> int:
    pid = os.fork()
    if not pid:
        try:
            end = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            for low, high in pairwise([*sorted({0, 1, 2, pipe, fd}), end]):
                os.closerange(low + 1, high)
            decode(fd, max_samples, FramePipe(pipe, pipe))
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(pipe)
    os.close(fd)
    return pid


if __name__ == "__main__":
    main()
