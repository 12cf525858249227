"""Wake-ups inside one process: what the embedded service uses instead of a broker."""

from __future__ import annotations

from threading import Event

from shared.ports import Queue


class LocalWakeUps:
    """`shared.ports.WakeUps`, and the waiting side of it."""

    def __init__(self) -> None:
        self._events = {queue: Event() for queue in Queue}

    def wake(self, queue: Queue) -> None:
        self._events[queue].set()

    def wait(self, queue: Queue, timeout: float) -> None:
        """Returns when woken since the last call, or after `timeout` seconds."""
        self._events[queue].wait(timeout)
        self._events[queue].clear()
