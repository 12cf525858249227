"""The ranges benchmark: decoding and preparing long recordings on one core, with one decoder, and in ranges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.table import Table

from lab.benchmarks.machine import Machine
from lab.benchmarks.ranges.recordings import FORMATS, write_recording
from lab.benchmarks.rounds import OnStep, in_turn
from shared.domain.recording import SAMPLE_RATE

_ONCE = "lab.benchmarks.ranges.prepare_once"
_VARIANTS = ("one", "one-decoder", "all")


@dataclass(frozen=True, slots=True)
class RangesPlan:
    """The parameters of a run."""

    hours: float
    rounds: int
    parts: Sequence[str] = ("decode", "prepare")
    formats: Sequence[str] = tuple(FORMATS)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and CPU seconds per hour of sound, by variant, one value for each round."""

    format: str
    part: str
    seconds: Mapping[str, Sequence[float]]
    cpu_s: Mapping[str, Sequence[float]]

    def ratio(self, variant: str, to: str) -> float:
        """The median of the rounds' ratios of seconds."""
        return float(np.median(np.divide(self.seconds[variant], self.seconds[to])))


@dataclass(frozen=True, slots=True)
class RangesReport:
    """The costs of all formats and parts."""

    plan: RangesPlan
    machine: Machine
    costs: Sequence[Cost]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        return asdict(self)

    def table(self) -> Table:
        """Return a table for the terminal."""
        title = f"{self.plan.hours:g} h of sound, s per hour, medians of rounds: {self.plan.rounds}. {self.machine}."
        table = Table(
            *("", "one core", "one decoder, all cores", "ranges", "to one core", "to one decoder"),
            *("CPU s", "CPU s, ranges"),
            title=title,
        )
        for cost in self.costs:
            table.add_row(
                f"{cost.format}, {cost.part}",
                *(f"{np.median(cost.seconds[variant]):.2f}" for variant in _VARIANTS),
                f"{cost.ratio('all', 'one'):.2f}",
                f"{cost.ratio('all', 'one-decoder'):.2f}",
                *(f"{np.median(cost.cpu_s[variant]):.2f}" for variant in ("one-decoder", "all")),
            )
        return table


def measure(plan: RangesPlan, source: Path, on_step: OnStep) -> RangesReport:
    """Run the benchmark."""
    costs = []
    for name in plan.formats:
        with TemporaryDirectory() as folder:
            file = Path(folder, "recording")
            on_step(f"writing {name}", 0, None)
            write_recording(source, file, FORMATS[name], plan.hours)
            costs += [_cost(name, part, file, plan.rounds, on_step) for part in plan.parts]
    return RangesReport(plan, Machine.current(), costs)


def _cost(name: str, part: str, file: Path, rounds: int, on_step: OnStep) -> Cost:
    cpu_s: dict[str, list[float]] = {variant: [] for variant in _VARIANTS}

    def once(variant: str) -> float:
        command = [sys.executable, "-m", _ONCE, str(file), part, variant]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            outcome = json.loads(process.stdout.read())
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
        hours = outcome["samples"] / SAMPLE_RATE / 3600
        cpu_s[variant].append((usage.ru_utime + usage.ru_stime) / hours)
        return float(outcome["seconds"] / hours)

    runs = {variant: (lambda variant=variant: once(variant)) for variant in _VARIANTS}
    values = in_turn(runs, rounds, lambda step, done, of: on_step(f"{name}, {part}: {step}", done, of))
    return Cost(name, part, {variant: seconds.tolist() for variant, seconds in values.items()}, cpu_s)
