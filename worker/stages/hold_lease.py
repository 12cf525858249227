"""Keeps a lease alive while work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Thread

import structlog

from shared.domain.errors import LeaseLost, Outage

_log = structlog.get_logger()
_AGAIN_S = 1.0
"""After a renewal that failed: who asks first when the database is back has what is in hand, however old the lease."""


class WorkerStopping(Exception):
    """The worker is to end, and this work would take too long: it is given back untried."""


class Keeper:
    """Whether the lease still stands."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        """Raises LeaseLost when somebody else has the work, or it was canceled or deleted."""
        if self.lost:
            raise LeaseLost


@contextmanager
def kept(renew: Callable[[], None], lease_s: float) -> Iterator[Keeper]:
    """Calls `renew` three times per lease from a thread of its own, until the context is left or the lease is lost."""
    keeper = Keeper()
    done = Event()
    # What it logs is of the same work.
    run, arguments = copy_context().run, (_keep, renew, lease_s / 3, keeper, done)
    thread = Thread(target=run, args=arguments, name="lease", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        done.set()
        thread.join()


def _keep(renew: Callable[[], None], every_s: float, keeper: Keeper, done: Event) -> None:
    wait_s = every_s
    while not done.wait(wait_s):
        try:
            renew()
            wait_s = every_s
        except LeaseLost:
            keeper.lost = True
            return
        except Exception as error:
            # If somebody else takes the work over meanwhile, its results are refused here.
            wait_s = min(every_s, _AGAIN_S)
            _log.warning("lease.renewal_failed", reason=str(error), exc_info=not isinstance(error, Outage))
