"""What people say of segments, beside the segments. Who writes here holds the row of the job."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from shared.db.rows import RESULT_COLUMNS, result_of
from shared.db.tables import SegmentCorrectionRow, SegmentRow
from shared.domain.errors import SegmentNotFound
from shared.domain.segment import Correction, SegmentResult


def with_corrections(job_id: str) -> Select[*tuple[Any, ...]]:
    """The `RESULT_COLUMNS` of a job's segments, each with what was said of it, if anything."""
    said_of_it = (SegmentCorrectionRow.job_id == SegmentRow.job_id) & (SegmentCorrectionRow.index == SegmentRow.index)
    return (
        select(*RESULT_COLUMNS, SegmentCorrectionRow)
        .outerjoin(SegmentCorrectionRow, said_of_it)
        .where(SegmentRow.job_id == job_id)
    )


def correct(session: Session, job_id: str, index: int, correction: Correction) -> SegmentResult:
    """Writes it in the place of any before. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    session.merge(SegmentCorrectionRow(job_id=job_id, index=index, **asdict(correction)))
    session.flush()
    *values, said_of_it = session.execute(with_corrections(job_id).where(SegmentRow.index == index)).one()
    return result_of(values, said_of_it)


def withdraw(session: Session, job_id: str, index: int) -> None:
    """Forgets what was said of a segment, if anything. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    forget(session, job_id, index)


def forget(session: Session, job_id: str, index: int) -> None:
    of_it = (SegmentCorrectionRow.job_id == job_id) & (SegmentCorrectionRow.index == index)
    session.execute(delete(SegmentCorrectionRow).where(of_it))
