"""What came of a segmentation benchmark: as one JSON document, or as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import Values
from lab.benchmarks.segment.memory import Peak
from lab.benchmarks.segment.quality import Quality, Tally

Part = Literal["whole", "excerpt"]

_MEBI = 2**20


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all had in common. `clips` is how many were strung together; `peers` has the options they were run with."""

    machine: Machine
    versions: dict[str, str]
    rounds: int
    hours: float
    excerpt_hours: float
    clips: int
    utterances: int
    peers: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """`wall_s` and `cpu_s` of each round, start of processes included; per hour of audio, and over our decoder's in the
    same round, the median."""

    title: str
    part: Part
    wall_s: list[float]
    cpu_s: list[float]
    wall_s_per_hour: float
    cpu_s_per_hour: float
    wall_ratio: float
    cpu_ratio: float

    @classmethod
    def of(cls, title: str, part: Part, hours: float, spent: Spent, decoder: Spent) -> Cost:
        """`decoder` per hour of audio."""
        own = spent.per_hour(hours)
        return cls(
            title,
            part,
            spent.wall.tolist(),
            spent.cpu.tolist(),
            float(np.median(own.wall)),
            float(np.median(own.cpu)),
            float(np.median(own.wall / decoder.wall)),
            float(np.median(own.cpu / decoder.cpu)),
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds."""

    wall: Values
    cpu: Values

    def per_hour(self, hours: float) -> Spent:
        return Spent(self.wall / hours, self.cpu / hours)


@dataclass(frozen=True, slots=True)
class Judged:
    """How well a way to cut did on a part."""

    title: str
    part: Part
    quality: Quality

    def document(self) -> dict[str, Any]:
        return {"title": self.title, "part": self.part} | self.quality.document()


@dataclass(frozen=True, slots=True)
class Report:
    """`first_segment_s` are the rounds' seconds from opening the file to the first segment, by voice detector; `memory`
    is that of the whole recording and of a long one."""

    conditions: Conditions
    costs: list[Cost]
    first_segment_s: Mapping[str, list[float]]
    memory: tuple[Peak, Peak]
    quality: list[Judged]

    @property
    def memory_ratio(self) -> float:
        whole, long = self.memory
        return long.total / whole.total

    def document(self) -> dict[str, Any]:
        """For `json.dumps`."""
        head = {"benchmark": "segment", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        return (
            head
            | asdict(self.conditions)
            | {
                "costs": [asdict(cost) for cost in self.costs],
                "first_segment_s": dict(self.first_segment_s),
                "memory": [asdict(peak) for peak in self.memory],
                "memory_ratio": self.memory_ratio,
                "quality": [judged.document() for judged in self.quality],
            }
        )

    def table(self) -> Group:
        blank = Text()
        return Group(self._costs(), blank, self._quality(), blank, self._conditions(), Text(self._notes(), style="dim"))

    def _costs(self) -> Table:
        own = self.conditions
        table = _table(
            f"{own.hours:g} h of {own.clips} clips; rounds: {own.rounds}",
            ["part", "s per audio h", "to decode", "CPU s per audio h", "to decode"],
        )
        for cost in self.costs:
            table.add_row(
                self._title(cost),
                f"{cost.wall_s_per_hour:.1f}",
                f"{cost.wall_ratio:.2f}",
                f"{cost.cpu_s_per_hour:.1f}",
                f"{cost.cpu_ratio:.2f}",
            )
        return table

    def _quality(self) -> Table:
        columns = ["method", "split", "share", "in sound", "speech lost", "no speech kept", "segments", "s"]
        table = _table(f"{self.conditions.utterances} utterances", columns)
        for judged in self.quality:
            found, total = judged.quality, judged.quality.total
            table.add_row(
                self._title(judged),
                f"{total.split} of {total.utterances}",
                f"{total.split_share:.1%}",
                str(total.split_in_sound),
                f"{total.lost_share:.2%}",
                f"{total.not_speech_share:.1%}",
                str(found.segments),
                f"{found.shortest_s:.1f}-{found.longest_s:.1f}",
            )
        return table

    def _conditions(self) -> Table:
        names = list(self.quality[0].quality.by_condition)
        table = _table("Split, and share of speech lost, by condition", ["method", *names])
        for judged in self.quality:
            tallies = judged.quality.by_condition
            table.add_row(self._title(judged), *(_brief(tallies[name]) for name in names))
        return table

    def _title(self, row: Cost | Judged) -> str:
        return row.title if row.part == "whole" else f"{row.title}, {self.conditions.excerpt_hours * 60:.0f} min"

    def _notes(self) -> str:
        whole, long = self.memory
        first = ", ".join(f"{name} {np.median(values):.2f} s" for name, values in self.first_segment_s.items())
        versions = ", ".join(f"{name} {version}" for name, version in self.conditions.versions.items())
        return "\n".join(
            [
                f"Memory at {whole.hours:g} h: {_mebi(whole)}; at {long.hours:g} h: {_mebi(long)}: "
                f"{self.memory_ratio:.2f} times as much.",
                f"First segment after: {first}. Medians of the rounds.",
                f"{self.conditions.machine}, {versions}.",
            ]
        )


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _brief(tally: Tally) -> str:
    return f"{tally.split}  {tally.lost_share:.2%}"


def _mebi(peak: Peak) -> str:
    return f"{peak.parent / _MEBI:.0f} + {peak.child / _MEBI:.0f} MiB"
