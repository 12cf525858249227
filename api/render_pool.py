"""Pictures and reports are made in a process of its own: they are seconds of Python, and polls would wait for them.

It starts with the first of them. What draws is imported there and not here, where it would take 50 MB for nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from asyncio import wrap_future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from threading import Thread
from typing import Any

from starlette.concurrency import run_in_threadpool


class Rendering:
    """Makes one thing after the other. Close it when done."""

    def __init__(self) -> None:
        self._pool = _pool()

    async def render(self, module: str, function: str, *args: object) -> Any:
        """What a function of a module gives; both are named, and arguments and answer pickled."""
        pool = self._pool
        try:
            return await wrap_future(pool.submit(_call, module, function, *args))
        except BrokenProcessPool:  # it was killed, as where memory was short
            if self._pool is pool:
                self._pool = _pool()
            return await wrap_future(self._pool.submit(_call, module, function, *args))

    async def close(self) -> None:
        """Waits for what is being made."""
        await run_in_threadpool(self._pool.shutdown, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    # Not forked: threads run here, whose locks a fork would take along as they are.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who stops the service by Ctrl-C stops it by way of its parent
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _call(module: str, function: str, *args: object) -> Any:
    return getattr(import_module(module), function)(*args)
