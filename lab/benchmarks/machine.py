"""The machine of a measurement. Imports no torch, so that its environment can be set first."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from worker.adapters.emotion2vec.supervised_process import SPIN, SPIN_COUNT

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and versions of a measurement."""

    cpu: str
    cores: int
    system: str
    python: str
    torch: str
    funasr: str
    spin: str
    """OpenMP's GOMP_SPINCOUNT."""

    @classmethod
    def current(cls) -> Machine:
        """Describe the machine of this process."""
        return cls(
            cpu=_cpu_model(),
            cores=os.cpu_count() or 1,
            system=platform.platform(),
            python=platform.python_version(),
            torch=version("torch"),
            funasr=version("funasr"),
            spin=os.environ.get(SPIN, "default"),
        )

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, torch {self.torch}, FunASR {self.funasr}"


def spin_like_the_models_process() -> None:
    """Let OpenMP's threads spin as briefly as `worker.adapters.emotion2vec.supervised_process` does.

    OpenMP reads the variable once, when torch is loaded.
    """
    os.environ.setdefault(SPIN, SPIN_COUNT)


def _cpu_model() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
