"""The threads of requests: those that do a moment's work have some of their own, and a tenant gets a share of the rest.

A store that hangs, or slow requests of one tenant, hold up neither polls nor authentication nor the checks of health.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections import defaultdict
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
T = TypeVar("T")

RELEASE = "emoline.release_thread"
"""Key of the request's scope with the function that gives its place back."""
_QUICK_THREADS = 8
_SHARE = 20
"""Requests of a tenant that have a thread each at once: half of the threads that Starlette has."""


class QuickThreads:
    """Threads for short queries of the database, and of nothing else."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_QUICK_THREADS)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in one of the threads."""
        return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._limiter)


class ThreadShares:
    """Shares of the tenants in the threads of requests."""

    def __init__(self) -> None:
        self._shares: defaultdict[str, Semaphore] = defaultdict(lambda: Semaphore(_SHARE))

    async def take(self, tenant: str) -> Callable[[], None]:
        """Wait for a place, and return the function that gives it back."""
        share = self._shares[tenant]
        await share.acquire()
        return share.release
