"""Keep a lease alive while its work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread

import structlog

from shared.domain.errors import LeaseLost, Outage

_log = structlog.get_logger()
_RETRY_S = 1.0
"""Pause after a failed renewal: the first worker to ask when the database is back keeps its claim, however old the
lease."""


class WorkerStopping(Exception):
    """The worker stops before this work can end: the claim is given back and counts no attempt."""


class Lease:
    """The lease of a claim; `lost` is set once the claim belongs to another worker or was withdrawn."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        """Raise LeaseLost if another worker has the claim, or its job was canceled or deleted."""
        if self.lost:
            raise LeaseLost


@contextmanager
def hold_lease(renew: Callable[[], None], lease_s: float) -> Iterator[Lease]:
    """Renew a lease of `lease_s` seconds three times per term in a thread, until the context ends or the lease is lost.

    `renew` raises LeaseLost when the lease is lost. After any other error it is called again within a second: a claim
    that another worker takes over meanwhile is refused when its results are written.
    """
    lease = Lease()
    context_ended = Event()

    def keep_renewing() -> None:
        every_s = wait_s = lease_s / 3
        while not context_ended.wait(wait_s):
            try:
                renew()
                wait_s = every_s
            except LeaseLost:
                lease.lost = True
                return
            except Exception as error:
                wait_s = min(every_s, _RETRY_S)
                _log.warning("lease.renewal_failed", reason=str(error), exc_info=not isinstance(error, Outage))

    # The copied context gives the thread's log lines the job's fields.
    thread = Thread(target=copy_context().run, args=(keep_renewing,), name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        context_ended.set()
        thread.join()
