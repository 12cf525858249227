"""The report of the segmentation benchmark: a JSON document, or tables."""

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
from lab.benchmarks.segment.quality import Quality

Part = Literal["whole", "excerpt"]

_MEBI = 2**20


@dataclass(frozen=True, slots=True)
class SegmentationConditions:
    """The conditions of all methods. `clips` is the number of concatenated clips; `peers` has the peers' options."""

    machine: Machine
    versions: dict[str, str]
    rounds: int
    hours: float
    excerpt_hours: float
    clips: int
    utterances: int
    peers: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PartCost:
    """The cost of a part of the pipeline, or of a peer.

    `wall_s` and `cpu_s` have the seconds of each round, start of processes included. The other figures are medians: per
    hour of audio, and the ratios to our decoder in the same round.
    """

    title: str
    part: Part
    wall_s: list[float]
    cpu_s: list[float]
    wall_s_per_hour: float
    cpu_s_per_hour: float
    wall_ratio: float
    cpu_ratio: float

    @classmethod
    def from_rounds(cls, title: str, part: Part, hours: float, spent: CpuWall, decoder: CpuWall) -> PartCost:
        """Compute the figures; `decoder` is per hour of audio, `spent` for `hours`."""
        per_hour = spent.per_hour(hours)
        return cls(
            title,
            part,
            spent.wall.tolist(),
            spent.cpu.tolist(),
            float(np.median(per_hour.wall)),
            float(np.median(per_hour.cpu)),
            float(np.median(per_hour.wall / decoder.wall)),
            float(np.median(per_hour.cpu / decoder.cpu)),
        )


@dataclass(frozen=True, slots=True)
class CpuWall:
    """Wall and CPU seconds of each round."""

    wall: Values
    cpu: Values

    def per_hour(self, hours: float) -> CpuWall:
        """Divide by the hours of audio."""
        return CpuWall(self.wall / hours, self.cpu / hours)


@dataclass(frozen=True, slots=True)
class MethodQuality:
    """The quality of a method's segments on a part of the recording."""

    title: str
    part: Part
    quality: Quality

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        return {"title": self.title, "part": self.part} | self.quality.document()


@dataclass(frozen=True, slots=True)
class SegmentationReport:
    """The figures of all methods.

    `first_segment_s` has the rounds' seconds from opening the file to the first segment, by voice detector; `memory` is
    for the recording and for a long one.
    """

    conditions: SegmentationConditions
    costs: list[PartCost]
    first_segment_s: Mapping[str, list[float]]
    memory: tuple[Peak, Peak]
    quality: list[MethodQuality]

    @property
    def memory_ratio(self) -> float:
        """Peak memory of the long recording over the short one's."""
        short, long = self.memory
        return long.total / short.total

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        head = {"benchmark": "segment", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        return (
            head
            | asdict(self.conditions)
            | {
                "costs": [asdict(cost) for cost in self.costs],
                "first_segment_s": dict(self.first_segment_s),
                "memory": [asdict(peak) for peak in self.memory],
                "memory_ratio": self.memory_ratio,
                "quality": [method.document() for method in self.quality],
            }
        )

    def table(self) -> Group:
        """Return tables for the terminal."""
        blank = Text()
        return Group(
            self.costs_table(),
            blank,
            self.quality_table(),
            blank,
            self.conditions_table(),
            Text(self._notes(), style="dim"),
        )

    def costs_table(self) -> Table:
        """Return the cost of each part and peer."""
        common = self.conditions
        table = _table(
            f"{common.hours:g} h of {common.clips} clips; rounds: {common.rounds}",
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

    def quality_table(self) -> Table:
        """Return the quality of each method."""
        columns = ["method", "split", "share", "in sound", "speech lost", "no speech kept", "segments", "s"]
        table = _table(f"{self.conditions.utterances} utterances", columns)
        for method in self.quality:
            quality, total = method.quality, method.quality.total
            table.add_row(
                self._title(method),
                f"{total.split} of {total.utterances}",
                f"{total.split_share:.1%}",
                str(total.split_in_sound),
                f"{total.lost_share:.2%}",
                f"{total.not_speech_share:.1%}",
                str(quality.segments),
                f"{quality.shortest_s:.1f}-{quality.longest_s:.1f}",
            )
        return table

    def conditions_table(self) -> Table:
        """Return splits and lost speech by condition."""
        names = list(self.quality[0].quality.by_condition)
        table = _table("Split, and share of speech lost, by condition", ["method", *names])
        for method in self.quality:
            tallies = [method.quality.by_condition[name] for name in names]
            table.add_row(self._title(method), *(f"{tally.split}  {tally.lost_share:.2%}" for tally in tallies))
        return table

    def _title(self, row: PartCost | MethodQuality) -> str:
        return row.title if row.part == "whole" else f"{row.title}, {self.conditions.excerpt_hours * 60:.0f} min"

    def _notes(self) -> str:
        short, long = self.memory
        first = ", ".join(f"{name} {np.median(values):.2f} s" for name, values in self.first_segment_s.items())
        versions = ", ".join(f"{name} {version}" for name, version in self.conditions.versions.items())
        return "\n".join(
            [
                f"Memory at {short.hours:g} h: {_mebi(short)}; at {long.hours:g} h: {_mebi(long)}: "
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


def _mebi(peak: Peak) -> str:
    return f"{peak.parent / _MEBI:.0f} + {peak.child / _MEBI:.0f} MiB"
