"""Wake-ups inside one process, for the embedded service, which has no broker."""

from __future__ import annotations

from threading import Event

from shared.ports import Queue


class LocalWakeUps:
    """Implements `shared.ports.WakeUps` for threads that call `wait`."""

    def __init__(self) -> None:
        self._events = {queue: Event() for queue in Queue}

    def wake(self, queue: Queue) -> None:
        self._events[queue].set()

    def wait(self, queue: Queue, timeout: float) -> None:
        """Wait until the queue was woken since the last call, at most `timeout` seconds."""
        self._events[queue].wait(timeout)
        self._events[queue].clear()
