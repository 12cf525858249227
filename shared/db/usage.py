"""The usage of each job, written with the job; it outlives the job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from shared.db.sessions import Sessions, affected_rows
from shared.db.tables import UsageRow
from shared.domain.job import Job
from shared.domain.usage import DayUsage, Usage

_SUMS = (
    func.count(),
    func.coalesce(func.sum(UsageRow.bytes), 0),
    func.coalesce(func.sum(UsageRow.samples), 0),
)


class SqlUsageStore:
    """`shared.ports.UsageStore`."""

    def __init__(self, engine: Engine) -> None:
        self._read = Sessions.read_only(engine)

    def list_days(self, tenant: str, first: date, last: date) -> Sequence[DayUsage]:
        query = (
            select(UsageRow.day, UsageRow.key_id, *_SUMS)
            .where(UsageRow.tenant == tenant, UsageRow.day.between(first, last))
            .group_by(UsageRow.day, UsageRow.key_id)
            .order_by(UsageRow.day, UsageRow.key_id.nulls_first())
        )
        with self._read() as session:
            return [DayUsage(day, key_id, _usage(*sums)) for day, key_id, *sums in session.execute(query)]


def usage_values(job: Job) -> dict[str, Any]:
    """Return the columns of a job that is not decoded yet."""
    return {
        "job_id": job.id,
        "tenant": job.tenant,
        "key_id": job.key_id,
        "day": utc_day(job.created_at),
        "bytes": job.recording.size_bytes or 0,
        "samples": 0,
    }


def record_usage(session: Session, job: Job) -> None:
    """Store the decoded samples and the downloaded bytes of a job, if they are more than in an earlier attempt."""
    for column, value in ((UsageRow.samples, job.prepared), (UsageRow.bytes, job.recording.size_bytes or 0)):
        larger = update(UsageRow).where(UsageRow.job_id == job.id, column < value)
        affected_rows(session, larger.values({column: value}))


def usage_on_day(session: Session, tenant: str, day: date) -> Usage:
    """Return the usage of a tenant on a day, with all of its API keys."""
    query = select(*_SUMS).where(UsageRow.tenant == tenant, UsageRow.day == day)
    return _usage(*session.execute(query).one())


def utc_day(time: datetime) -> date:
    """Return the day of a time in UTC."""
    return time.astimezone(UTC).date()


def _usage(jobs: Any, size: Any, samples: Any) -> Usage:
    return Usage(jobs, int(size), int(samples))  # Postgres sums to a Decimal
