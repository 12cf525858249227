"""The sign of life of a worker: a file that it touches as long as it reaches the broker.

`python -m worker.sign_of_life QUEUE` ends with 0 if this host's worker of a queue has touched it lately. Containers run
that every minute, so it imports nothing else of Emoline: to ask over the broker would take a hundred times longer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_FRESH_S = 30
"""Celery sends a heartbeat every two seconds; a broker that is started again may be away for some."""


def show(queue: str) -> None:
    """Touch the file of a queue's worker. Where it cannot be written, the check fails and the work goes on."""
    with suppress(OSError):
        _file(queue).touch()


def is_fresh(queue: str) -> bool:
    """Return whether this host's worker of a queue has shown its sign lately."""
    try:
        return time.time() - _file(queue).stat().st_mtime < _FRESH_S
    except OSError:
        return False


def _file(queue: str) -> Path:
    return Path(tempfile.gettempdir()) / f"emoline-{queue}.alive"


if __name__ == "__main__":
    if not is_fresh(sys.argv[1]):
        sys.exit(f"The worker of {sys.argv[1]} has not reached the broker for {_FRESH_S} s; its log says more.")
