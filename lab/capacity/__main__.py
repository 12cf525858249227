"""`python -m lab.capacity`: how many machines a number of audio hours a day needs, and what is at its limit first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab.capacity.constants import MEASURED, Constants
from lab.capacity.simulation import Assumptions, Day, Waits, simulate

app = typer.Typer(add_completion=False)

_HOURS_PER_DAY = [200.0, 20_000.0, 1_000_000.0]


@app.command()
def main(
    hours: Annotated[list[float], typer.Option("--hours", help="Audio hours a day.", min=1)] = _HOURS_PER_DAY,
    constants: Annotated[
        Path,
        typer.Option("--constants", help="JSON document of `emoline bench capacity`.", exists=True, dir_okay=False),
    ] = MEASURED,
    gpu_rate: Annotated[
        float, typer.Option("--gpu-rate", help="Seconds of sound that one GPU scores a second.", min=1)
    ] = Assumptions().gpu_rate,
    seed: Annotated[int, typer.Option(help="Seed of the arrivals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Simulate days of the service with measured constants: machines, waiting times, and what breaks first."""
    measured = Constants.load(constants)
    days = [simulate(number, measured, Assumptions(gpu_rate=gpu_rate), seed) for number in hours]
    if as_json:
        typer.echo(json.dumps([day.document() for day in days], indent=2))
    else:
        Console().print(_table(days, measured))


def _table(days: list[Day], constants: Constants) -> Table:
    table = Table(
        "audio hours a day",
        *(f"{day.audio_hours:,.0f}" for day in days),
        title=f"Constants of {constants.date[:10]}. {constants.machine}.",
    )
    rows = {
        "jobs a day": [f"{day.jobs:,}" for day in days],
        "busiest hour, audio hours": [f"{day.load.audio_s:,.0f}" for day in days],
        "GPUs": [f"{day.machines.gpus}" for day in days],
        "cores: prepare, feed, finish": [
            f"{day.machines.prepare_cores}, {day.machines.feed_cores}, {day.machines.finish_cores}" for day in days
        ],
        "Postgres cores": [f"{day.load.postgres_cores:.2g}" for day in days],
        "claims a second": [f"{day.load.claims:.2g}" for day in days],
        "WAL, MB/s": [f"{day.load.wal_bytes / 1e6:.2g}" for day in days],
        "store: writes, reads a second": [f"{day.load.store_writes:.3g}, {day.load.store_reads:.3g}" for day in days],
        "store: MB/s": [f"{day.load.store_bytes / 1e6:.3g}" for day in days],
        "database, GB a day": [f"{day.load.database_bytes_per_day / 1e9:.3g}" for day in days],
        "objects, TB a day": [f"{day.load.object_bytes_per_day / 1e12:.3g}" for day in days],
        "first segment, s (p50, p99)": [_waits(day.first_segment) for day in days],
        "end of the job, s (p50, p99)": [_waits(day.end) for day in days],
        "most jobs at once": [f"{day.most_waiting:,}" for day in days],
        "first limit": [_limit(day, 0) for day in days],
        "second limit": [_limit(day, 1) for day in days],
        "third limit": [_limit(day, 2) for day in days],
    }
    for name, values in rows.items():
        table.add_row(name, *values)
    return table


def _waits(waits: Waits) -> str:
    return f"{waits.p50:.3g}, {waits.p99:.3g}"


def _limit(day: Day, place: int) -> str:
    name, share = list(day.limits.items())[place]
    return f"{name}: {share:.0%}"


if __name__ == "__main__":
    app()
