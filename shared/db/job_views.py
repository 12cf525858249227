"""Jobs with where their segments stand, in one statement that is made once: clients ask again and again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from shared.db.rows import job_of
from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import Job, SegmentCounts
from shared.domain.segment import SegmentStatus

_OK = SegmentRow.status == SegmentStatus.OK.value
_SKIPPED = SegmentRow.status == SegmentStatus.SKIPPED.value
_LOOK = (
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


def look(session: Session, job_ids: Collection[str], tenant: str | None) -> list[tuple[Job, SegmentCounts]]:
    query = _LOOK if tenant is None else _LOOK.where(JobRow.tenant == tenant)
    # Past the session, which would take as long again as the database.
    rows: Iterable[Any] = session.connection().execute(query, {"job_ids": list(job_ids)})
    return [(job_of(row), _counts(row)) for row in rows]


def _counts(row: Any) -> SegmentCounts:
    return SegmentCounts(row.segments, row.ok, row.skipped, int(row.analysed))  # Postgres sums to a Decimal
