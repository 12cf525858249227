"""Keeps a lease alive while work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from shared.domain.errors import LeaseLost

_log = structlog.get_logger()


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
    thread = Thread(target=_keep, args=(renew, lease_s / 3, keeper, done), name="lease", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        done.set()
        thread.join()


def _keep(renew: Callable[[], None], every_s: float, keeper: Keeper, done: Event) -> None:
    while not done.wait(every_s):
        try:
            renew()
        except LeaseLost:
            keeper.lost = True
            return
        except Exception:
            # The lease lasts for two more tries; if those fail too, the work is somebody else's and its results
            # are refused.
            _log.warning("lease.renewal_failed", exc_info=True)
