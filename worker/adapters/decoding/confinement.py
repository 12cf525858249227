"""Confine the process that decodes a file, which may be hostile."""

from __future__ import annotations

import os
import resource
from itertools import pairwise

_MOST_MEMORY = 2 << 30
_MOST_CPU_S = 3600


def close_other_files(*kept: int) -> None:
    """Close all files of this process but the standard ones and the `kept` descriptors."""
    end = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for low, high in pairwise([*sorted({0, 1, 2, *kept}), end]):
        os.closerange(low + 1, high)


def confine() -> None:
    """Forbid this process to open files and connections, and limit its memory and CPU time.

    Open descriptors stay open.
    """
    forbid_files()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_files() -> None:
    """Forbid this process to open files and connections; call it again after it has closed some."""
    next_fd = os.dup(0)
    os.close(next_fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_fd, next_fd))
