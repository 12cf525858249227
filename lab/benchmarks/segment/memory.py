"""Peak memory of segmentation: of a fresh process, and of its decoder process. Needs Linux."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")
_LOOK_EVERY_S = 0.05
_KIBI = 1024


@dataclass(frozen=True, slots=True)
class Peak:
    """Peak resident bytes of both processes; the libraries that they share count in each."""

    hours: float
    parent: int
    child: int

    @property
    def total(self) -> int:
        """Bytes of both processes."""
        return self.parent + self.child


def peak_memory(file: Path, hours: float) -> Peak:
    """Segment a file of `hours` in a process and measure its memory. Raises CalledProcessError when that fails."""
    command = [sys.executable, "-m", "lab.benchmarks.segment.segment_once", str(file)]
    resident: dict[int, int] = {}
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            # The last value counts, not the highest: between fork and exec a child has its parent's memory.
            pids = [int(entry.name) for entry in _PROCESSES.iterdir() if entry.name.isdecimal()]
            children = [pid for pid in pids if _field(pid, "PPid") == process.pid]
            for pid in [process.pid, *children]:
                resident[pid] = _field(pid, "VmHWM") * _KIBI or resident.get(pid, 0)
            time.sleep(_LOOK_EVERY_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    parent = resident.pop(process.pid)
    return Peak(hours, parent, sum(resident.values()))


def _field(pid: int, name: str) -> int:
    """Return a number from /proc/PID/status; 0 if the process has ended."""
    try:
        lines = (_PROCESSES / str(pid) / "status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
