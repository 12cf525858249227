"""A process of its own for pictures and reports: they are seconds of Python, which polls would wait for.

The process starts with the first of them. Libraries that draw take 50 MB, so they are imported in that process only: it
calls functions such as those of `reports.rendering`, which import them when they are called.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from asyncio import CancelledError, Future, get_running_loop, wrap_future
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from threading import Thread
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from shared.domain.errors import TooManyPictures

P = ParamSpec("P")
T = TypeVar("T")


_MOST_WAITING = 16
"""Calls of a tenant that wait. The page needs one or two; a report of a day takes half a minute."""


class RenderPool:
    """One process that runs one function at a time, for the tenants in turn. Close the pool when done."""

    def __init__(self) -> None:
        self._pool = _start_pool()
        self._busy = False
        self._lines: dict[str, deque[Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Wait for a turn of the tenant, in which its data are loaded and drawn: they take memory, too.

        Raises TooManyPictures.
        """
        if self._busy:
            line = self._lines.setdefault(tenant, deque())
            if len(line) >= _MOST_WAITING:
                raise TooManyPictures
            line.append(turn := get_running_loop().create_future())
            try:
                await turn
            except CancelledError:
                if turn.done() and not turn.cancelled():
                    self.pass_on()
                raise
        self._busy = True
        try:
            yield
        finally:
            self.pass_on()

    def pass_on(self) -> None:
        """Give the turn to the tenant that had none for longest."""
        while self._lines:
            tenant = next(iter(self._lines))
            line = self._lines.pop(tenant)
            turn = line.popleft()
            if line:
                self._lines[tenant] = line  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the process and return its result; a second process is tried if the first is killed.

        The function is pickled by its name, the arguments and the result by value. Raises whatever the function raises.
        """
        pool = self._pool
        try:
            return await wrap_future(pool.submit(function, *args, **kwargs))
        except BrokenProcessPool:  # the process was killed, as where memory was short
            if self._pool is pool:
                self._pool = _start_pool()
            return await wrap_future(self._pool.submit(function, *args, **kwargs))

    async def close(self) -> None:
        """Cancel waiting calls, wait for the running one, and end the process."""
        await run_in_threadpool(self._pool.shutdown, cancel_futures=True)


def _start_pool() -> ProcessPoolExecutor:
    # Not forked: threads run here, whose locks a fork would take along as they are.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _initialize)


def _initialize() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the parent, which then ends this process
    Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
