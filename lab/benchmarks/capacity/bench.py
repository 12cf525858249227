"""The capacity benchmark: the constants of the capacity model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from rich.console import Group
from rich.table import Table
from sqlalchemy import URL

from lab.benchmarks.capacity.stages import StageRun, run_stages
from lab.benchmarks.claims import Backlog, add_jobs
from lab.benchmarks.machine import Machine
from lab.benchmarks.processes import run_together
from lab.benchmarks.rounds import OnStep
from lab.benchmarks.segment.clips import load_clips
from lab.benchmarks.segment.files import write_recording
from lab.benchmarks.service.stack import cpu_s
from lab.capacity.constants import ClaimRate, Constants, Usage
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.domain.job import JobState
from tests.support.servers.postgres import new_database, running_postgres

_SHORT_HOURS = 1 / 12
_BUDGETS_S = (640, 2560)
"""Seconds of audio of a claim, on a small and on a large accelerator."""


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """The parameters of a run.

    `jobs` recordings of `hours`, and as much sound in recordings of five minutes, run through the stages. Then
    `processes` claim for `seconds` from backlogs of `waiting` segments, in few long jobs and in many short ones.
    """

    hours: float = 1.0
    jobs: int = 2
    waiting: Sequence[int] = (10_000, 1_000_000)
    processes: int = 2
    seconds: float = 10.0

    @property
    def backlogs(self) -> list[Backlog]:
        """Few jobs of few tenants and many jobs of many tenants for each number of waiting segments."""
        return [
            backlog
            for waiting in self.waiting
            for backlog in (
                Backlog(max(1, waiting // 1000), min(waiting, 1000), tenants=10),
                Backlog(max(1, waiting // 10), 10, tenants=500),
            )
        ]


@dataclass(frozen=True, slots=True)
class CapacityReport:
    """The constants with the runs that they come from."""

    machine: Machine
    plan: CapacityPlan
    runs: list[StageRun]
    constants: Constants

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`; `lab.capacity.constants.Constants` reads it."""
        return {
            "benchmark": "capacity",
            **asdict(self.constants),
            "hardware": asdict(self.machine),
            "plan": asdict(self.plan),
            "runs": [asdict(run) for run in self.runs],
        }

    def table(self) -> Group:
        """Return tables for the terminal."""
        title = f"{self.constants.date[:10]}. {self.constants.machine}."
        return Group(self._usage(title), self._requests(), self._claims())

    def _usage(self, title: str) -> Table:
        table = Table("of an audio hour", *map(_title, self.runs), "each job", "each hour more", title=title)
        for field in fields(Usage):
            per_hour = [getattr(run.usage, field.name) / (run.jobs * run.hours) for run in self.runs]
            parts = [getattr(usage, field.name) for usage in (self.constants.per_job, self.constants.per_hour)]
            table.add_row(field.name, *map(_figure, [*per_hour, *parts]))
        return table

    def _requests(self) -> Table:
        table = Table("requests and kB of an audio hour", *map(_title, self.runs))
        for kind in sorted({kind for run in self.runs for kind in run.requests}):
            row = []
            for run in self.runs:
                hours = run.jobs * run.hours
                requests, size = run.requests.get(kind, 0) / hours, run.request_bytes.get(kind, 0) / hours
                row.append(f"{_figure(requests)}, {_figure(size / 1000)}")
            table.add_row(kind, *row)
        return table

    def _claims(self) -> Table:
        columns = (
            "waiting",
            "budget",
            "claims/s",
            "a claim has",
            "claim, renew, record",
            "CPU of Postgres, of a client",
        )
        table = Table(*columns, title=f"Claims of {self.plan.processes} processes; times in ms")
        for rate in self.constants.claims:
            table.add_row(
                f"{rate.waiting:,} in {rate.jobs:,} jobs of {rate.tenants} tenants",
                f"{rate.budget_s} s",
                _figure(rate.claims_per_s),
                f"{rate.segments_per_claim:.0f} of {rate.jobs_per_claim:.0f} jobs",
                f"{rate.claim_ms:.0f}, {rate.renew_ms:.0f}, {rate.record_ms:.0f}",
                f"{rate.postgres_cpu_ms:.0f}, {rate.client_cpu_ms:.0f}",
            )
        return table


def measure(plan: CapacityPlan, on_step: OnStep) -> CapacityReport:
    """Run the benchmark on a Postgres that waits for the disk as in production."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with running_postgres(durable=True) as postgres:
        runs = _run_stages(postgres.url, plan, on_step)
        claims = [rate for backlog in plan.backlogs for rate in _claim_rates(postgres.url, plan, backlog, on_step)]
    machine = Machine.current()
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return CapacityReport(machine, plan, runs, Constants(date, str(machine), *_per_job_and_hour(runs), claims))


def _run_stages(server: URL, plan: CapacityPlan, on_step: OnStep) -> list[StageRun]:
    clips = load_clips(None)
    runs = []
    with TemporaryDirectory(prefix="emoline-bench-") as folder:
        for hours, jobs in ((plan.hours, plan.jobs), (_SHORT_HOURS, round(plan.jobs * plan.hours / _SHORT_HOURS))):
            on_step("stringing clips together", 0, None)
            recording = write_recording(Path(folder) / f"{jobs}", clips, hours)
            runs.append(run_stages(server, recording.mp3, recording.hours, jobs, on_step))
    return runs


def _per_job_and_hour(runs: Sequence[StageRun]) -> tuple[Usage, Usage]:
    """Return the usage of a job of no length and of an hour: the line through the usages of long and of short jobs."""
    long, short = (Usage.combined((1 / run.jobs, run.usage)) for run in runs)
    hours = [run.hours for run in runs]
    difference = hours[0] - hours[1]
    per_hour = Usage.combined((1 / difference, long), (-1 / difference, short)).at_least_zero()
    return Usage.combined((1, short), (-hours[1], per_hour)).at_least_zero(), per_hour


def _claim_rates(server: URL, plan: CapacityPlan, backlog: Backlog, on_step: OnStep) -> list[ClaimRate]:
    """Measure the claims from a backlog, for each budget; each run takes a quarter of it at most."""
    waiting = backlog.jobs * backlog.segments
    rates: list[ClaimRate] = []
    with new_database(server) as url:
        engine = open_engine(url)
        migrate(engine)
        on_step(f"adding {waiting} segments", 0, None)
        add_jobs(engine, backlog, JobState.INFERRING)
        for budget_s in _BUDGETS_S:
            on_step(f"claims of {budget_s} s from {waiting} segments of {backlog.jobs} jobs", 0, None)
            most = waiting // 4 // plan.processes
            module = "lab.benchmarks.capacity.claimer"
            command = [sys.executable, "-m", module, url, str(budget_s), str(plan.seconds), str(most)]
            before = cpu_s()["Postgres"]
            figures, took_s = run_together(command, plan.processes)
            postgres_cpu_s = cpu_s()["Postgres"] - before
            rates.append(_claim_rate(backlog, budget_s, figures, took_s, postgres_cpu_s))
        engine.dispose()
    return rates


def _claim_rate(
    backlog: Backlog, budget_s: int, figures: Sequence[dict[str, Any]], took_s: float, postgres_cpu_s: float
) -> ClaimRate:
    claims, segments, jobs = (sum(figure[name] for figure in figures) for name in ("claims", "segments", "jobs"))
    medians = {name: max(figure["times_ms"][name] for figure in figures) for name in ("claim", "renew", "record")}
    return ClaimRate(
        waiting=backlog.jobs * backlog.segments,
        jobs=backlog.jobs,
        tenants=backlog.tenants,
        budget_s=budget_s,
        processes=len(figures),
        claims_per_s=claims / took_s,
        segments_per_claim=segments / claims,
        jobs_per_claim=jobs / claims,
        claim_ms=medians["claim"],
        renew_ms=medians["renew"],
        record_ms=medians["record"],
        postgres_cpu_ms=1000 * postgres_cpu_s / claims,
        client_cpu_ms=1000 * sum(figure["cpu_s"] for figure in figures) / claims,
    )


def _title(run: StageRun) -> str:
    return f"{run.jobs} of {60 * run.hours:.0f} min"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
