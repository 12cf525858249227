"""Jobs with the counts of their segments, in one statement that is built once: clients poll it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from shared.db.rows import job_from_row
from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import Job, SegmentCounts
from shared.domain.segment import SegmentStatus

_OK = SegmentRow.status == SegmentStatus.OK.value
_SKIPPED = SegmentRow.status == SegmentStatus.SKIPPED.value
_JOBS_WITH_COUNTS = (
    select(
        *JobRow.__table__.c,
        func.count(SegmentRow.index).label("segments"),
        func.count().filter(_OK).label("ok"),
        func.count().filter(_SKIPPED).label("skipped"),
        func.coalesce(func.sum(SegmentRow.speech).filter(_OK), 0).label("analysed"),
    )
    .outerjoin(SegmentRow, SegmentRow.job_id == JobRow.id)
    .where(JobRow.id.in_(bindparam("job_ids", expanding=True)))
    .group_by(JobRow.id)
)


def jobs_with_counts(session: Session, job_ids: Collection[str], tenant: str | None) -> list[tuple[Job, SegmentCounts]]:
    """Return the existing jobs among `job_ids`, in any order, of one tenant unless `tenant` is None."""
    query = _JOBS_WITH_COUNTS if tenant is None else _JOBS_WITH_COUNTS.where(JobRow.tenant == tenant)
    # Not through the session, which would take as long again as the database.
    rows: Iterable[Any] = session.connection().execute(query, {"job_ids": list(job_ids)})
    # Postgres sums to a Decimal.
    return [(job_from_row(row), SegmentCounts(row.segments, row.ok, row.skipped, int(row.analysed))) for row in rows]
