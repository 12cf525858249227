"""Speakers of a job, and what people say of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from shared.domain.errors import JobDeleted, JobNotFound, NoResult, ResultNotReady
from shared.domain.playback_errors import InvalidSpeaker, SpeakerNotFound
from shared.schemas.speakers import SpeakerDocument, SpeakerRequest, SpeakersDocument

router = APIRouter(prefix="/v1/jobs/{job_id}/speakers", tags=["results"], route_class=JsonRoute)

Label = Annotated[str, Path(max_length=8, description="The speaker's id.", examples=["S1"])]


@router.get("", responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult))
def list_speakers(job_id: JobId, services: ServicesDep) -> SpeakersDocument:
    """The speakers that were told apart in a recording of one channel; none where the config does not ask for them."""
    job, result = services.reader.result(job_id)
    return SpeakersDocument(data=SpeakerDocument.from_recording(job.recording, result.segments))


@router.put(
    "/{speaker}",
    responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, SpeakerNotFound, InvalidSpeaker),
)
def describe_speaker(job_id: JobId, speaker: Label, body: SpeakerRequest, services: ServicesDep) -> SpeakersDocument:
    """Says the name of a speaker, and the other speaker who it really is, in the place of what was said before.

    Result, timeline, reports and exports follow at once. Nothing is scored anew. The answer has all speakers.
    """
    services.speaker_names.describe(job_id, speaker, body.name, body.merge_into)
    return list_speakers(job_id, services)
