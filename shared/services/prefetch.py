"""Does several things at once, ahead of who wants them: a store takes milliseconds for each of thousands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_AT_ONCE = 8
"""Fewer than the connections that a client of S3 keeps, of which there are ten."""


def ahead(do: Callable[[_T], _R], of: Iterable[_T]) -> Iterator[_R]:
    """What `do` gives of each, in order; raises what it raises when it is that one's turn."""
    rest = iter(of)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        begun = deque(threads.submit(do, each) for each in islice(rest, 2 * _AT_ONCE))
        try:
            while begun:
                yield begun.popleft().result()
                begun.extend(threads.submit(do, each) for each in islice(rest, 1))
        finally:
            for future in begun:
                future.cancel()
