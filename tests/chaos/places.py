"""The place of execution, reported to a function that may end the process there."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Self

Place = tuple[str, ...]
"""Lines of the modules looked at, as `file:line`: the one that comes next, then those that called it."""


class Watch:
    """While the context lasts, `reached` is called before each line of these modules, in whichever thread."""

    def __init__(self, modules: Iterable[ModuleType], reached: Callable[[Place], None]) -> None:
        self._names = {module.__file__: Path(str(module.__file__)).name for module in modules}
        self._reached = reached

    def __enter__(self) -> Self:
        self._before = sys.gettrace(), threading.gettrace()
        sys.settrace(self._called)
        threading.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before[0])
        threading.settrace(self._before[1])

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename in self._names else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self._reached(self._place(frame))
        return self._line

    def _place(self, frame: FrameType | None) -> Place:
        lines = []
        while frame:
            if name := self._names.get(frame.f_code.co_filename):
                lines.append(f"{name}:{frame.f_lineno}")
            frame = frame.f_back
        return tuple(lines)


@dataclass
class Survey:
    """Counts how often each place is reached."""

    found: Counter[Place] = field(default_factory=Counter)

    def __call__(self, place: Place) -> None:
        self.found[place] += 1


@dataclass
class Death:
    """kill -9 of this process by itself when `place` is reached for the `time`-th time."""

    place: Place
    time: int

    def __call__(self, place: Place) -> None:
        if place == self.place:
            self.time -= 1
            if self.time == 0:
                os.kill(os.getpid(), signal.SIGKILL)
