"""The claims benchmark: the milliseconds that workers wait for work while many jobs wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import uuid_utils
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine, String, cast, delete, insert, literal, select, text

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep
from shared.adapters.clock import SystemClock
from shared.db.engine import open_engine
from shared.db.housekeeping import SqlHousekeeping
from shared.db.rows import job_values, segment_values
from shared.db.schema import migrate
from shared.db.tables import JobRow, SegmentRow
from shared.db.work_queue import SqlWorkQueue
from shared.domain.job import Job, JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Segment
from shared.ports import StoredSegment
from tests.support.servers.postgres import running_postgres

_LEASE_S = 3600.0
SEGMENT = 8 * SAMPLE_RATE
_BUDGETS_S = (640, 2560)
"""Seconds of audio that an infer worker claims at a time, on a small and on a large accelerator."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs of several tenants that wait, with `segments` each where they are prepared."""

    jobs: int
    segments: int
    tenants: int = 20


@dataclass(frozen=True, slots=True)
class ClaimsPlan:
    """The parameters of a run: every claim is made `times` times with each backlog."""

    backlogs: Sequence[Backlog] = (Backlog(10_000, 3), Backlog(1_000, 300))
    times: int = 50


@dataclass(frozen=True, slots=True)
class ClaimCost:
    """Milliseconds of `operation` with `jobs` waiting in `database`; half of its calls took less than `p50`."""

    database: str
    operation: str
    jobs: int
    segments: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class ClaimsReport:
    """The figures of the claims benchmark."""

    machine: Machine
    times: int
    claims: list[ClaimCost]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        head = {"benchmark": "claims", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        return head | asdict(self)

    def table(self) -> Group:
        """Return a table for the terminal."""
        caption = Text(f"{self.machine}. Calls: {self.times}.", style="dim")
        return Group(claims_table(self.claims), Text(), caption)


def claims_table(claims: Sequence[ClaimCost]) -> Table:
    """Return the milliseconds of claims as a table for the terminal."""
    table = Table(title="Claims", title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(["database", "operation", "jobs", "segments each", "p50 ms", "p99 ms"]):
        table.add_column(column, justify="right" if index else "left")
    for cost in claims:
        row = [cost.database, cost.operation, str(cost.jobs), str(cost.segments)]
        table.add_row(*row, f"{cost.p50_ms:.1f}", f"{cost.p99_ms:.1f}")
    return table


def measure(plan: ClaimsPlan, on_step: OnStep) -> ClaimsReport:
    """Run the benchmark on a Postgres of its own, which waits for the disk as in production, and on SQLite."""
    with running_postgres(durable=True) as postgres, TemporaryDirectory(prefix="emoline-bench-") as folder:
        url = postgres.url.render_as_string(hide_password=False)
        return ClaimsReport(Machine.current(), plan.times, claim_costs(url, Path(folder), plan, on_step))


def claim_costs(postgres_url: str, folder: Path, plan: ClaimsPlan, on_step: OnStep) -> list[ClaimCost]:
    """Time all claims on Postgres and on SQLite. The Postgres database must be empty, and is emptied afterwards."""
    costs: list[ClaimCost] = []
    for name, url in {"Postgres": postgres_url, "SQLite": f"sqlite:///{folder / 'backlog.db'}"}.items():
        engine = open_engine(url)
        migrate(engine)
        for backlog in plan.backlogs:
            for state in (JobState.INFERRING, JobState.QUEUED):
                on_step(f"claims, {name}, {backlog.jobs} jobs {state.value}", 0, None)
                with _waiting_jobs(engine, backlog, state):
                    for operation, (call, undo) in _operations(engine, state).items():
                        percentiles = _time(call, undo, plan.times)
                        costs.append(ClaimCost(name, operation, backlog.jobs, backlog.segments, *percentiles))
        engine.dispose()
    return costs


_Operation = tuple[Callable[[], Any], Callable[[Any], object]]
"""A claim, and the function that takes its result and undoes it."""


def _operations(engine: Engine, state: JobState) -> dict[str, _Operation]:
    """Return the claims that jobs in a state wait for, by name."""
    queue = SqlWorkQueue(engine, SystemClock(), _LEASE_S)
    if state is JobState.QUEUED:
        return {"claim_preparation": (queue.claim_preparation, bool)}
    operations: dict[str, _Operation] = {
        "claimable": (SqlHousekeeping(engine, SystemClock()).claimable, bool),
        "claim_finish": (queue.claim_finish, bool),
    }
    for seconds in _BUDGETS_S:
        claim = partial(queue.claim_segments, seconds * SAMPLE_RATE)
        operations[f"claim_segments, {seconds} s"] = (claim, queue.release_segments)
    return operations


def _time(call: Callable[[], Any], undo: Callable[[Any], object], times: int) -> tuple[float, float]:
    """Time a call repeatedly; return median and 99th percentile in milliseconds."""
    times_ms = []
    for _ in range(times):
        started = time.perf_counter()
        result = call()
        times_ms.append(1000 * (time.perf_counter() - started))
        undo(result)
    p50, p99 = np.percentile(times_ms, [50, 99])
    return float(p50), float(p99)


@contextmanager
def _waiting_jobs(engine: Engine, backlog: Backlog, state: JobState) -> Iterator[None]:
    """Add jobs while the context lasts; delete all jobs afterwards."""
    add_jobs(engine, backlog, state)
    yield
    with engine.begin() as connection:
        connection.execute(delete(SegmentRow))
        connection.execute(delete(JobRow))


def add_jobs(engine: Engine, backlog: Backlog, state: JobState) -> None:
    """Insert jobs, with segments where they are prepared, and let the database count them for its plans."""
    jobs = [_job(index, state, backlog.tenants) for index in range(backlog.jobs)]
    with engine.begin() as connection:
        connection.execute(insert(JobRow), [{"id": job.id, **job_values(job)} for job in jobs])
        if state is JobState.INFERRING:
            connection.execute(_segments_of_all_jobs(backlog.segments))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _segments_of_all_jobs(number: int) -> Any:
    """Return a statement that inserts `number` segments for each job: the database writes 300,000 in seconds."""
    indexes = select(literal(0).label("index")).cte(recursive=True)
    indexes = indexes.union_all(select(indexes.c.index + 1).where(indexes.c.index < number - 1))
    start = indexes.c.index * SEGMENT
    example = segment_values(StoredSegment(Segment(0, 0, 0, SEGMENT, SEGMENT, ()), ""))
    values: dict[str, Any] = {
        name: literal(value, SegmentRow.__table__.c[name].type) for name, value in example.items()
    }
    audio_key = literal("jobs/") + JobRow.id + "/" + cast(indexes.c.index, String)
    values |= {"start": start, "end": start + SEGMENT, "audio_key": audio_key}
    values |= {"job_id": JobRow.id, "index": indexes.c.index, "attempts": literal(0), "fence": literal(0)}
    rows = select(*values.values()).select_from(JobRow).join(indexes, literal(True))
    return insert(SegmentRow).from_select(list(values), rows, include_defaults=False)


def _job(index: int, state: JobState, tenants: int) -> Job:
    job_id = f"job_{uuid_utils.uuid7()}"
    recording = Recording("call.opus", 30_000, "0" * 64, f"jobs/{job_id}/source")
    created_at = SystemClock().now() + timedelta(milliseconds=index)
    job = Job(job_id, recording, JobOptions(), created_at, f"tenant-{index % tenants}")
    return job if state is JobState.QUEUED else replace(job, state=state, started_at=created_at)
