"""Checks of whether the service is ready for work."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Lock, Thread

from shared.container import Services
from shared.domain.errors import StorageFull
from shared.ports import JobFilter, Queue

_ASKED_EVERY_S = 10.0

ReadinessCheck = Callable[[], str | None]
"""Returns the reason why the service is not ready, as a sentence, or None."""


def check_database(services: Services) -> str | None:
    """Return a sentence if the database does not answer, else None."""
    try:
        services.jobs.page(limit=1, after=None, job_filter=JobFilter())
    except Exception:
        return "The database does not answer."
    return None


def check_object_store(services: Services) -> str | None:
    """Return a sentence if the object store takes no objects, else None."""
    try:
        services.object_store.check()
    except StorageFull:
        return "The store has no room left."
    except Exception:
        return "The store does not answer as it should."
    return None


class WorkerPresence:
    """The kinds of workers of which none answers. They are asked in a thread, when somebody wants to know.

    A kind is missing if none has answered twice in a row: one that lacks processor time may be late once.
    """

    def __init__(self, ask: Callable[[], Collection[Queue]]) -> None:
        """`ask` returns the kinds that answer, and may raise anything where the broker is away."""
        self._ask = ask
        self._lock = Lock()
        self._asked_at = -_ASKED_EVERY_S
        self._silent_once: Collection[Queue] = ()
        self._missing: Collection[Queue] = ()

    def missing(self) -> Collection[Queue]:
        """Return the missing kinds as they were known last, at once, and ask again if that was some time ago."""
        with self._lock:
            is_old = time.monotonic() - self._asked_at >= _ASKED_EVERY_S
            if is_old:
                self._asked_at = time.monotonic()
        if is_old:
            Thread(target=self._ask_again, name="presence", daemon=True).start()
        return self._missing

    def _ask_again(self) -> None:
        with suppress(Exception):  # each transport has exceptions of its own
            silent = set(Queue) - set(self._ask())
            self._missing = silent & set(self._silent_once)
            self._silent_once = silent
