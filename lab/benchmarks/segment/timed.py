"""Work under a stopwatch that sees all processors."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.benchmarks.rounds import seconds

Found = TypeVar("Found")


class Timed(Generic[Found]):
    """`found` and `cpu_s` have what each round gave, and the CPU seconds that it took this process and its children."""

    def __init__(self, work: Callable[[], Found]) -> None:
        self._work = work
        self.found: list[Found] = []
        self.cpu_s: list[float] = []

    def round(self) -> float:
        """Seconds."""
        before = _cpu_s()
        taken = seconds(lambda: self.found.append(self._work()))
        self.cpu_s.append(_cpu_s() - before)
        return taken


def _cpu_s() -> float:
    """Children count once they have ended and were waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(own.ru_utime + own.ru_stime for own in used)
