"""The report of the service benchmark: a JSON document, or tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lab.benchmarks.claims import ClaimCost, claims_table
from lab.benchmarks.machine import Machine
from lab.benchmarks.service.overhead import Overhead
from lab.benchmarks.service.rates import Situation
from lab.benchmarks.service.scaling import Scaling
from lab.benchmarks.service.uploads import UploadCost

_MEBI, _GIBI = 2**20, 2**30


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """The figures of the service benchmark."""

    machine: Machine
    rounds: int
    situations: list[Situation]
    scaling: Scaling
    overheads: list[Overhead]
    claims: list[ClaimCost]
    uploads: list[UploadCost]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        head = {"benchmark": "service", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        ratios = {"ratio": self.scaling.ratio, "machine_ratio": self.scaling.machine_ratio}
        over = [
            asdict(overhead) | {"embedded_over": overhead.embedded_over, "distributed_over": overhead.distributed_over}
            for overhead in self.overheads
        ]
        return head | asdict(self) | {"scaling": asdict(self.scaling) | ratios, "overheads": over}

    def table(self) -> Group:
        """Return tables for the terminal."""
        tables = [
            self.rates_table(),
            self.scaling_table(),
            self.overheads_table(),
            claims_table(self.claims),
            self.uploads_table(),
        ]
        spaced = [part for table in tables for part in (table, Text())]
        return Group(*spaced, Text(f"{self.machine}. Rounds: {self.rounds}.", style="dim"))

    def rates_table(self) -> Table:
        """Return the rates, latencies and CPU time of requests."""
        table = _table("Requests", ["situation", "request", "per s", "p50 ms", "p99 ms", "failed", "CPU ms", "cores"])
        for situation in self.situations:
            cores = ", ".join(f"{part} {share:.2f}" for part, share in situation.cores.items() if share >= 0.01)
            for rate in situation.rates:
                per_s = f"{rate.per_s:.0f}" + (f" of {rate.asked:.0f}" if rate.asked else "")
                row = [rate.situation, rate.request, per_s, f"{rate.p50_ms:.0f}", f"{rate.p99_ms:.0f}"]
                table.add_row(*row, str(rate.failed), f"{situation.cpu_ms:.2f}", cores)
        return table

    def scaling_table(self) -> Table:
        """Return the seconds of one and two workers."""
        scaling = self.scaling
        table = _table(f"{scaling.jobs} short jobs, prepared", ["", "one, s", "two, s", "ratio"])
        table.add_row("infer workers", *map(_median, scaling.service_s.values()), f"{scaling.ratio:.2f}")
        table.add_row("the model alone", *map(_median, scaling.model_s.values()), f"{scaling.machine_ratio:.2f}")
        table.caption = f"Segments executed again: {scaling.again}."
        return table

    def overheads_table(self) -> Table:
        """Return the seconds from submit to end beside `analyze`."""
        table = _table("Submit to end", ["recordings", "analyze, s", "embedded, s", "over", "distributed, s", "over"])
        for overhead in self.overheads:
            row = [_median(overhead.analyze_s), _median(overhead.embedded_s), f"{overhead.embedded_over:+.1%}"]
            table.add_row(overhead.title, *row, _median(overhead.distributed_s), f"{overhead.distributed_over:+.1%}")
        return table

    def uploads_table(self) -> Table:
        """Return the cost of large uploads."""
        table = _table("Uploads", ["store", "at once", "GiB each", "s", "API grew by MiB", "seen in TMPDIR"])
        for upload in self.uploads:
            row = [f"{upload.size / _GIBI:.1f}", f"{upload.seconds:.0f}", f"{upload.growth / _MEBI:.0f}"]
            table.add_row(upload.store, str(upload.number), *row, str(upload.temporary))
        return table


def _median(values: Sequence[float]) -> str:
    return f"{np.median(values):.1f}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table
