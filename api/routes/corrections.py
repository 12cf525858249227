"""Corrections that people make to the emotions of segments."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from api.content_negotiation import written
from api.dependencies import JobId, SegmentIndex, ServicesDep
from api.errors import responses
from api.routes.results import audio_url
from api.schemas import CorrectionRequest
from shared.domain.errors import JobDeleted, JobNotFound, ObjectNotFound, SegmentNotFound, UnknownEmotion
from shared.schemas.segments import SegmentDocument

router = APIRouter(prefix="/v1/jobs/{job_id}/segments/{index}/correction", tags=["results"])


@router.put(
    "",
    response_model=SegmentDocument,
    responses=responses(JobNotFound, JobDeleted, SegmentNotFound, ObjectNotFound, UnknownEmotion),
)
def correct(job_id: JobId, index: SegmentIndex, wanted: CorrectionRequest, services: ServicesDep) -> Response:
    """Says what a segment's emotion is, in the place of what was said before; also of one that was skipped.

    It is feedback: scores, timeline and summary stay the model's.
    """
    job, found = services.corrections.correct(job_id, index, wanted.emotion, wanted.comment)
    return written(SegmentDocument.of(found, job.recording.role, audio_url(job_id), services.frame_store.scores(job)))


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(JobNotFound, JobDeleted, SegmentNotFound),
)
def withdraw(job_id: JobId, index: SegmentIndex, services: ServicesDep) -> None:
    """Forgets what was said of a segment, if anything was."""
    services.corrections.withdraw(job_id, index)
