"""Addition of jobs within the limits of their tenant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Table, bindparam, exists, func, insert, select
from sqlalchemy.orm import Session

from shared.db.facts import put_metadata
from shared.db.rows import job_from_row, job_values
from shared.db.tables import UNFINISHED_UPLOAD, JobRow, UploadRow, UsageRow
from shared.db.usage import usage_on_day, usage_values, utc_day
from shared.domain.errors import QueueFull, QuotaExceeded, TooManyOpenJobs
from shared.domain.job import Job, JobState
from shared.domain.limits import Limits, Standing
from shared.domain.recording import SAMPLE_RATE
from shared.telemetry import traces

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Admission:
    """A job or an upload that is to be admitted. `size` is its bytes, or the least number before all have come."""

    tenant: str
    size: int
    idempotency_key: str | None
    now: datetime

    @classmethod
    def from_job(cls, job: Job) -> Self:
        return cls(job.tenant, job.recording.size_bytes or 0, job.idempotency_key, job.created_at)


def check_limits(session: Session, admission: Admission, limits: Limits) -> None:
    """Raise TooManyOpenJobs, QuotaExceeded or QueueFull, unless the job was added already."""
    tenant, key = admission.tenant, admission.idempotency_key
    if key is not None:
        same_job = (JobRow.tenant == tenant) & (JobRow.idempotency_key == key)
        if session.scalar(select(exists().where(same_job))):
            return
    if limits.queued_jobs is not None:
        # Counted no further than the limit.
        queued = select(JobRow.id).where(JobRow.state == JobState.QUEUED.value).limit(limits.queued_jobs)
        if (session.scalar(select(func.count()).select_from(queued.subquery())) or 0) >= limits.queued_jobs:
            raise QueueFull
    uploads, uploaded_bytes = unfinished_uploads(session, tenant)
    if limits.open_jobs is not None:
        unfinished = (JobRow.tenant == tenant) & JobRow.finished_at.is_(None)
        if (session.scalar(select(func.count()).where(unfinished)) or 0) + uploads >= limits.open_jobs:
            raise TooManyOpenJobs(standing=Standing("open-jobs", limits.open_jobs, 0, "jobs"))
    _check_day(session, admission, limits, uploaded_bytes)


def unfinished_uploads(session: Session, tenant: str) -> tuple[int, int]:
    """Return the number and the bytes of a tenant's uploads of which no job was made: they may all become jobs."""
    query = select(func.count(), func.coalesce(func.sum(UploadRow.size), 0))
    number, size = session.execute(query.where(UNFINISHED_UPLOAD, UploadRow.tenant == tenant)).one()
    return number, int(size)  # Postgres sums to a Decimal


def job_with_same_key(session: Session, job: Job) -> Job | None:
    """Return the job of the same tenant with the same idempotency key, None where there is none."""
    query = select(JobRow).where(JobRow.tenant == job.tenant, JobRow.idempotency_key == job.idempotency_key)
    row = session.scalar(query) if job.idempotency_key else None
    return job_from_row(row) if row else None


def add_within_limits(session: Session, job: Job, limits: Limits) -> None:
    """Add a job and its usage. Raises as `check_limits`.

    On a server one statement does both, which is one round trip without a transaction where there is no metadata.
    """
    admit(session, Admission.from_job(job), limits)
    values = {
        "id": job.id,
        **job_values(job),
        "served": 0,
        "fence": 0,
        "progress_told": 0 if job.options.tells_progress else None,
        "trace": traces.current(),
    }
    usage = usage_values(job)
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        usage_parameters = {f"{name}_": value for name, value in usage.items()}
        connection.execute(_JOB_AND_USAGE, {f"{name}__": value for name, value in values.items()} | usage_parameters)
    else:
        connection.execute(_JOB, values)
        connection.execute(_USAGE, usage)
    if job.options.metadata:
        put_metadata(session, job)


def admit(session: Session, admission: Admission, limits: Limits) -> None:
    """Check the limits in the transaction that adds a job or an upload. Raises as `check_limits`."""
    if limits.limits_jobs:
        if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            # Such transactions of a tenant go one by one, so that two do not both take the last place.
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(admission.tenant, 0))))
        check_limits(session, admission, limits)


def _check_day(session: Session, admission: Admission, limits: Limits, uploaded_bytes: int) -> None:
    if limits.upload_bytes_per_day is None and limits.audio_hours_per_day is None:
        return
    usage = usage_on_day(session, admission.tenant, utc_day(admission.now))
    if limits.upload_bytes_per_day is not None:
        quota = limits.upload_bytes_per_day
        used = usage.bytes + uploaded_bytes
        if used + admission.size > quota:
            raise _quota_exceeded("upload-bytes", quota, quota - used, "content-bytes", admission.now)
    if limits.audio_hours_per_day is not None:
        quota = round(limits.audio_hours_per_day * 3600)
        if usage.samples >= quota * SAMPLE_RATE:
            raise _quota_exceeded("audio", quota, 0, "audio-seconds", admission.now)


def _quota_exceeded(name: str, quota: int, remaining: int, unit: str, now: datetime) -> QuotaExceeded:
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    reset_s = math.ceil((midnight - now).total_seconds())
    return QuotaExceeded(standing=Standing(name, quota, max(0, remaining), unit, _DAY_S, reset_s))


def _parameters(table: Any, mark: str) -> dict[str, Any]:
    """Return a parameter for each column with a name unlike any column's: one statement has both tables' columns."""
    assert isinstance(table, Table)
    return {column.name: bindparam(f"{column.name}{mark}", type_=column.type) for column in table.columns}


_JOB, _USAGE = insert(JobRow), insert(UsageRow)
_WRITTEN_LATER = {"model", "lease_until", "segments_done", "facts_version"}
_JOB_COLUMNS = {key: value for key, value in _parameters(JobRow.__table__, "__").items() if key not in _WRITTEN_LATER}
_JOB_AND_USAGE = _JOB.values(_JOB_COLUMNS).add_cte(_USAGE.values(_parameters(UsageRow.__table__, "_")).cte("counted"))
