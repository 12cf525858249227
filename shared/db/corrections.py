"""Corrections of segments. A writer locks the row of the job first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, case, delete, func, select
from sqlalchemy.orm import Session

from shared.db.rows import CORRECTION_COLUMNS, RESULT_COLUMNS, result_from_row
from shared.db.tables import ANALYSED, SegmentCorrectionRow, SegmentRow
from shared.domain.emotion import UNKNOWN
from shared.domain.errors import SegmentNotFound
from shared.domain.job import Job
from shared.domain.lanes import HeardSegment
from shared.domain.segment import Correction, SegmentResult
from shared.domain.speaker_channels import merged_number

_SAME_SEGMENT = (SegmentCorrectionRow.job_id == SegmentRow.job_id) & (SegmentCorrectionRow.index == SegmentRow.index)


def results_with_corrections(job_id: str) -> Select[*tuple[Any, ...]]:
    """Select the `RESULT_COLUMNS` of a job's segments, and of its correction those that `result_from_row` takes."""
    return (
        select(*RESULT_COLUMNS, *CORRECTION_COLUMNS)
        .outerjoin(SegmentCorrectionRow, _SAME_SEGMENT)
        .where(SegmentRow.job_id == job_id)
    )


def heard_segments(session: Session, job: Job) -> list[HeardSegment]:
    """Return the analysed segments of a job, in order, with the emotions that its timeline has.

    Columns of JSON are not read: they are most of the work of `results_with_corrections`.
    """
    emotion, confidence = SegmentRow.emotion, SegmentRow.confidence
    said = func.coalesce(
        SegmentCorrectionRow.emotion,
        case((confidence < job.options.aggregation.min_confidence, UNKNOWN), else_=emotion),
    )
    query = (
        select(SegmentRow.channel, SegmentRow.start, SegmentRow.end, SegmentRow.speaker, said)
        .outerjoin(SegmentCorrectionRow, _SAME_SEGMENT)
        .where(SegmentRow.job_id == job.id, ANALYSED)
        .order_by(SegmentRow.index)
    )
    recording = job.recording
    return [
        HeardSegment(
            merged_number(recording, speaker) if recording.speakers and speaker is not None else channel,
            start,
            end,
            heard,
        )
        for channel, start, end, speaker, heard in session.execute(query)
    ]


def correct(session: Session, job_id: str, index: int, correction: Correction) -> SegmentResult:
    """Store a correction in place of an earlier one. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    session.merge(SegmentCorrectionRow(job_id=job_id, index=index, **asdict(correction)))
    session.flush()
    return result_from_row(session.execute(results_with_corrections(job_id).where(SegmentRow.index == index)).one())


def withdraw(session: Session, job_id: str, index: int) -> None:
    """Delete the correction of a segment, if there is one. Raises SegmentNotFound."""
    if session.get(SegmentRow, (job_id, index)) is None:
        raise SegmentNotFound
    delete_correction(session, job_id, index)


def delete_correction(session: Session, job_id: str, index: int) -> None:
    """Delete the correction of a segment, which need not exist."""
    same_segment = (SegmentCorrectionRow.job_id == job_id) & (SegmentCorrectionRow.index == index)
    session.execute(delete(SegmentCorrectionRow).where(same_segment))
