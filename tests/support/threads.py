"""Functions that run at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")


def run_together(*functions: Callable[[], Result]) -> list[Result]:
    """Call each function in a thread of its own, all at the same time, and raise here if one raises."""
    barrier = Barrier(len(functions))

    def run(function: Callable[[], Result]) -> Result:
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, functions))
