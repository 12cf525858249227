"""Corrections that people make to the emotions of segments."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from api.content_negotiation import json_response
from api.dependencies import JobId, SegmentIndex, ServicesDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from api.routes.results import audio_url
from shared.domain.errors import JobDeleted, JobNotFound, ObjectNotFound, SegmentNotFound, UnknownEmotion
from shared.schemas.segments import CorrectionRequest, SegmentDocument

router = APIRouter(prefix="/v1/jobs/{job_id}/segments/{index}/correction", tags=["results"], route_class=JsonRoute)


@router.put(
    "",
    response_model=SegmentDocument,
    responses=responses(JobNotFound, JobDeleted, SegmentNotFound, ObjectNotFound, UnknownEmotion),
)
def correct_segment(job_id: JobId, index: SegmentIndex, body: CorrectionRequest, services: ServicesDep) -> Response:
    """Says what a segment's emotion is, in the place of what was said before; also of one that was skipped.

    From now on it counts in the result, the reports, the exports, the lists and the insights, unless they are asked for
    without corrections. The scores stay the model's. A skipped segment has none and counts nowhere.
    """
    job, segment = services.corrections.correct(job_id, index, body.emotion, body.comment)
    frame_scores = services.frame_store.segment_scores(job, [segment]).get(index)
    return json_response(
        SegmentDocument.from_segment(
            segment,
            job.recording.role,
            audio_url(job_id, index),
            frame_scores,
            job.options.aggregation.set_probability,
        )
    )


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(JobNotFound, JobDeleted, SegmentNotFound),
)
def withdraw_correction(job_id: JobId, index: SegmentIndex, services: ServicesDep) -> None:
    """Forgets what was said of a segment, if anything was."""
    services.corrections.withdraw(job_id, index)
