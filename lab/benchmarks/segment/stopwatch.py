"""Wall and CPU time of work, child processes included."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.benchmarks.rounds import seconds

Result = TypeVar("Result")


class Stopwatch(Generic[Result]):
    """Timed work. `results` has the result of each round, `cpu_s` the CPU seconds of this process and its children."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self.results: list[Result] = []
        self.cpu_s: list[float] = []

    def round(self) -> float:
        """Do the work once and return the wall seconds."""
        before = _cpu_s()
        wall_s = seconds(lambda: self.results.append(self._work()))
        self.cpu_s.append(_cpu_s() - before)
        return wall_s


def _cpu_s() -> float:
    """Return the CPU seconds so far; children count once they have ended and were waited for."""
    usages = [resource.getrusage(scope) for scope in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
