"""Prefetching of objects in threads: a store takes milliseconds for each of thousands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_THREADS = 8
"""Fewer than the ten connections that an S3 client keeps by default."""


def map_ahead(function: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """Yield the result of `function` for each item, in order, computed in threads up to 16 items ahead.

    An exception of `function` is raised in the place of its result.
    """
    remaining = iter(items)
    with ThreadPoolExecutor(_THREADS) as threads:
        futures = deque(threads.submit(function, item) for item in islice(remaining, 2 * _THREADS))
        try:
            while futures:
                yield futures.popleft().result()
                futures.extend(threads.submit(function, item) for item in islice(remaining, 1))
        finally:
            for future in futures:
                future.cancel()
