"""The most memory that segmentation takes: of a fresh process, and of the decoder's under it. Needs Linux."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")
_LOOK_EVERY_S = 0.05
_KIBI = 1024


@dataclass(frozen=True, slots=True)
class Peak:
    """Bytes resident at most, with the libraries that both processes share counted in each."""

    hours: float
    parent: int
    child: int

    @property
    def total(self) -> int:
        return self.parent + self.child


def peak_memory(file: Path, hours: float) -> Peak:
    """Of segmenting a file, which lasts `hours`; raises CalledProcessError when that fails."""
    command = [sys.executable, "-m", "lab.benchmarks.segment.drain", str(file)]
    resident: dict[int, int] = {}
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            # The last value counts, not the highest: before a child runs its own program it has its parent's memory.
            for pid in [process.pid, *_children(process.pid)]:
                resident[pid] = _field(pid, "VmHWM") * _KIBI or resident.get(pid, 0)
            time.sleep(_LOOK_EVERY_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    parent = resident.pop(process.pid)
    return Peak(hours, parent, sum(resident.values()))


def _children(parent: int) -> Iterator[int]:
    for entry in _PROCESSES.iterdir():
        if entry.name.isdecimal() and _field(int(entry.name), "PPid") == parent:
            yield int(entry.name)


def _field(pid: int, name: str) -> int:
    """A number that the system has of a process; 0 if that has ended."""
    try:
        lines = (_PROCESSES / str(pid) / "status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
