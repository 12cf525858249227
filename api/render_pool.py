"""A process of its own for pictures and reports: they are seconds of Python, which polls would wait for.

The process starts with the first of them. Libraries that draw take 50 MB, so they are imported in that process only: it
calls functions such as those of `reports.rendering`, which import them when they are called.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from asyncio import wrap_future
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
T = TypeVar("T")


class RenderPool:
    """One process that runs one function at a time. Close the pool when done."""

    def __init__(self) -> None:
        self._pool = _start_pool()

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
