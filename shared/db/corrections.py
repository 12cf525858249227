"""Corrections of segments. A writer locks the row of the job first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from shared.db.rows import RESULT_COLUMNS, result_from_row
from shared.db.tables import SegmentCorrectionRow, SegmentRow
from shared.domain.errors import SegmentNotFound
from shared.domain.segment import Correction, SegmentResult


def results_with_corrections(job_id: str) -> Select[*tuple[Any, ...]]:
    """Select the `RESULT_COLUMNS` of a job's segments, each with its correction or None."""
    same_segment = (SegmentCorrectionRow.job_id == SegmentRow.job_id) & (SegmentCorrectionRow.index == SegmentRow.index)
    return (
        select(*RESULT_COLUMNS, SegmentCorrectionRow)
        .outerjoin(SegmentCorrectionRow, same_segment)
        .where(SegmentRow.job_id == job_id)
    )


def correct(session: Session, job_id: str, index: int, correction: Correction) -> SegmentResult:
    """Store a correction in place of an earlier one. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    session.merge(SegmentCorrectionRow(job_id=job_id, index=index, **asdict(correction)))
    session.flush()
    *values, correction_row = session.execute(results_with_corrections(job_id).where(SegmentRow.index == index)).one()
    return result_from_row(values, correction_row)


def withdraw(session: Session, job_id: str, index: int) -> None:
    """Delete the correction of a segment, if there is one. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    delete_correction(session, job_id, index)


def delete_correction(session: Session, job_id: str, index: int) -> None:
    """Delete the correction of a segment, which need not exist."""
    same_segment = (SegmentCorrectionRow.job_id == job_id) & (SegmentCorrectionRow.index == index)
    session.execute(delete(SegmentCorrectionRow).where(same_segment))
