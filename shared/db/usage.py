"""What each job counts towards the usage of its tenant: written with the job, and kept when that is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from shared.db.sessions import Sessions
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
        self._read = Sessions.reading(engine)

    def of_tenant(self, tenant: str, first: date, last: date) -> Sequence[DayUsage]:
        query = (
            select(UsageRow.day, UsageRow.key_id, *_SUMS)
            .where(UsageRow.tenant == tenant, UsageRow.day.between(first, last))
            .group_by(UsageRow.day, UsageRow.key_id)
            .order_by(UsageRow.day, UsageRow.key_id.nulls_first())
        )
        with self._read() as session:
            return [DayUsage(day, key_id, _usage(*sums)) for day, key_id, *sums in session.execute(query)]


def usage_values(job: Job) -> dict[str, Any]:
    """The columns of a job that nobody has decoded yet."""
    return {
        "job_id": job.id,
        "tenant": job.tenant,
        "key_id": job.key_id,
        "day": day_of(job.created_at),
        "bytes": job.recording.size_bytes or 0,
        "samples": 0,
    }


def measure(session: Session, job: Job) -> None:
    """Writes down how much was decoded of a job, and downloaded for it; of one that was tried again, the most."""
    for column, value in ((UsageRow.samples, job.prepared), (UsageRow.bytes, job.recording.size_bytes or 0)):
        more = update(UsageRow).where(UsageRow.job_id == job.id, column < value)
        session.execute(more.values({column: value}), execution_options={"synchronize_session": False})


def used_on(session: Session, tenant: str, day: date) -> Usage:
    """What a tenant has used on a day, by all of its keys."""
    query = select(*_SUMS).where(UsageRow.tenant == tenant, UsageRow.day == day)
    return _usage(*session.execute(query).one())


def day_of(time: datetime) -> date:
    return time.astimezone(UTC).date()


def _usage(jobs: Any, size: Any, samples: Any) -> Usage:
    return Usage(jobs, int(size), int(samples))  # Postgres sums to a Decimal
