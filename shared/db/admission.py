"""Adding jobs, as long as they are within the limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Table, bindparam, exists, func, insert, select
from sqlalchemy.orm import Session

from shared.db.rows import job_of, job_values
from shared.db.tables import JobRow, UsageRow
from shared.db.usage import day_of, usage_values, used_on
from shared.domain.errors import QueueFull, QuotaExceeded, TooManyOpenJobs
from shared.domain.job import Job, JobState
from shared.domain.limits import Limits, Standing
from shared.domain.recording import SAMPLE_RATE
from shared.telemetry import traces

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that somebody submits: `size` bytes, or as many at least where they have not come yet."""

    tenant: str
    size: int
    idempotency_key: str | None
    now: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(job.tenant, job.recording.size_bytes or 0, job.idempotency_key, job.created_at)


def check(session: Session, wanted: Wanted, limits: Limits) -> None:
    """Raises TooManyOpenJobs, QuotaExceeded or QueueFull, unless the job is there already."""
    if _is_there(session, wanted):
        return
    if limits.queued_jobs is not None and _queued(session, limits.queued_jobs) >= limits.queued_jobs:
        raise QueueFull
    if limits.open_jobs is not None and _open(session, wanted.tenant) >= limits.open_jobs:
        raise TooManyOpenJobs(standing=Standing("open-jobs", limits.open_jobs, 0, "jobs"))
    _check_day(session, wanted, limits)


def wait_turn(session: Session, tenant: str) -> None:
    """Lets the transactions of a tenant that add jobs go one by one, so that two do not both take the last place."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(tenant, 0))))


def with_key_of(session: Session, job: Job) -> Job | None:
    """The job that its tenant has made with the same idempotency key, if there is one."""
    query = select(JobRow).where(JobRow.tenant == job.tenant, JobRow.idempotency_key == job.idempotency_key)
    row = session.scalar(query) if job.idempotency_key else None
    return job_of(row) if row else None


def add_within(session: Session, job: Job, limits: Limits) -> None:
    """Adds a job. Raises as `check`."""
    if limits.of_jobs:
        wait_turn(session, job.tenant)
        check(session, Wanted.of(job), limits)
    add(session, job)


def add(session: Session, job: Job) -> None:
    """Adds a job and what it counts: on a server by one statement, which is one round trip without a transaction."""
    told = 0 if job.options.tells_progress else None
    values = {
        "id": job.id,
        **job_values(job),
        "served": 0,
        "fence": 0,
        "progress_told": told,
        "trace": traces.current(),
    }
    counted = usage_values(job)
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        named = {f"{name}_": value for name, value in counted.items()}
        connection.execute(_BOTH, {f"{name}__": value for name, value in values.items()} | named)
    else:
        connection.execute(_JOB, values)
        connection.execute(_USAGE, counted)


def _check_day(session: Session, wanted: Wanted, limits: Limits) -> None:
    if limits.upload_bytes_per_day is None and limits.audio_hours_per_day is None:
        return
    used = used_on(session, wanted.tenant, day_of(wanted.now))
    if limits.upload_bytes_per_day is not None:
        quota = limits.upload_bytes_per_day
        if used.bytes + wanted.size > quota:
            raise _over("upload-bytes", quota, quota - used.bytes, "content-bytes", wanted.now)
    if limits.audio_hours_per_day is not None:
        quota = round(limits.audio_hours_per_day * 3600)
        if used.samples >= quota * SAMPLE_RATE:
            raise _over("audio", quota, 0, "audio-seconds", wanted.now)


def _over(name: str, quota: int, remaining: int, unit: str, now: datetime) -> QuotaExceeded:
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    reset_s = math.ceil((midnight - now).total_seconds())
    return QuotaExceeded(standing=Standing(name, quota, max(0, remaining), unit, _DAY_S, reset_s))


def _is_there(session: Session, wanted: Wanted) -> bool:
    if wanted.idempotency_key is None:
        return False
    same = (JobRow.tenant == wanted.tenant) & (JobRow.idempotency_key == wanted.idempotency_key)
    return bool(session.scalar(select(exists().where(same))))


def _queued(session: Session, most: int) -> int:
    """Jobs that wait, counted up to `most`."""
    waiting = select(JobRow.id).where(JobRow.state == JobState.QUEUED.value).limit(most)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def _open(session: Session, tenant: str) -> int:
    unfinished = (JobRow.tenant == tenant) & JobRow.finished_at.is_(None)
    return session.scalar(select(func.count()).where(unfinished)) or 0


def _named(table: Any, mark: str) -> dict[str, Any]:
    """A parameter for each column, of a name that is no column's: two statements in one have both tables' columns."""
    assert isinstance(table, Table)
    return {column.name: bindparam(f"{column.name}{mark}", type_=column.type) for column in table.columns}


_JOB, _USAGE = insert(JobRow), insert(UsageRow)
_WRITTEN_LATER = {"model", "lease_until"}
_JOB_COLUMNS = {name: value for name, value in _named(JobRow.__table__, "__").items() if name not in _WRITTEN_LATER}
_BOTH = _JOB.values(_JOB_COLUMNS).add_cte(_USAGE.values(_named(UsageRow.__table__, "_")).cte("counted"))
