"""Cost of claims while ten thousand short jobs wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import uuid_utils
from sqlalchemy import Engine, delete, insert, text

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

_TIMES = 100
_LEASE_S = 3600.0
_TENANTS = 20
_SEGMENT = 8 * SAMPLE_RATE
_BUDGET = 24 * _SEGMENT
"""Samples that an infer worker claims at a time on a CPU: two batches."""


@dataclass(frozen=True, slots=True)
class ClaimCost:
    """Milliseconds of `operation` with `jobs` waiting in `database`; half of its calls took less than `p50`."""

    database: str
    operation: str
    jobs: int
    p50_ms: float
    p99_ms: float


def claim_costs(postgres_url: str, folder: Path, jobs: int, on_step: OnStep) -> list[ClaimCost]:
    """Time all claims on Postgres and on SQLite. The Postgres database must be empty, and is emptied afterwards."""
    costs: list[ClaimCost] = []
    for name, url in {"Postgres": postgres_url, "SQLite": f"sqlite:///{folder / 'backlog.db'}"}.items():
        engine = open_engine(url)
        migrate(engine)
        for state in (JobState.INFERRING, JobState.QUEUED):
            on_step(f"claims, {name}, {jobs} jobs {state.value}", 0, None)
            with _waiting_jobs(engine, jobs, state):
                for operation, call in _operations(engine, state).items():
                    costs.append(ClaimCost(name, operation, jobs, *_time(call)))
        engine.dispose()
    return costs


def _operations(engine: Engine, state: JobState) -> dict[str, Callable[[], object]]:
    """Return the claims that jobs in a state wait for, by name."""
    queue = SqlWorkQueue(engine, SystemClock(), _LEASE_S)
    if state is JobState.QUEUED:
        return {"claim_preparation": queue.claim_preparation}
    return {
        "claimable": SqlHousekeeping(engine, SystemClock()).claimable,
        "claim_finish": queue.claim_finish,
        "claim_segments": partial(queue.claim_segments, _BUDGET),
    }


def _time(call: Callable[[], object]) -> tuple[float, float]:
    """Time a call repeatedly; return median and 99th percentile in milliseconds."""
    times_ms = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        call()
        times_ms.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.percentile(times_ms, [50, 99])
    return float(p50), float(p99)


@contextmanager
def _waiting_jobs(engine: Engine, number: int, state: JobState) -> Iterator[None]:
    """Insert jobs of several tenants, with a segment each where they are prepared; delete all jobs afterwards."""
    jobs = [_job(index, state) for index in range(number)]
    with engine.begin() as connection:
        connection.execute(insert(JobRow), [{"id": job.id, **job_values(job)} for job in jobs])
        if state is JobState.INFERRING:
            segment = Segment(0, 0, 0, _SEGMENT, _SEGMENT, ())
            stored = {job.id: StoredSegment(segment, f"jobs/{job.id}/segments/0.flac") for job in jobs}
            rows = [{"job_id": job_id, "index": 0, **segment_values(row)} for job_id, row in stored.items()]
            connection.execute(insert(SegmentRow), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    yield
    with engine.begin() as connection:
        connection.execute(delete(SegmentRow))
        connection.execute(delete(JobRow))


def _job(index: int, state: JobState) -> Job:
    job_id = f"job_{uuid_utils.uuid7()}"
    recording = Recording("call.opus", 30_000, "0" * 64, f"jobs/{job_id}/source")
    created_at = SystemClock().now() + timedelta(milliseconds=index)
    job = Job(job_id, recording, JobOptions(), created_at, f"tenant-{index % _TENANTS}")
    return job if state is JobState.QUEUED else replace(job, state=state, started_at=created_at)
