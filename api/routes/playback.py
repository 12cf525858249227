"""The recording of a job, to be played."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from api.byte_range import range_headers, requested_span
from api.dependencies import CallerDep, JobId, ListenerServicesDep, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY
from shared.domain.errors import AudioDeleted, JobDeleted, JobNotFound, ObjectNotFound, ResultNotReady
from shared.domain.playback_errors import AudioCopyPending, AudioNotPlayable, AudioWithheld
from shared.schemas.playback import AudioLinkDocument

router = APIRouter(prefix="/v1/jobs/{job_id}/audio", tags=["results"])

_ERRORS = responses(
    JobNotFound,
    JobDeleted,
    AudioDeleted,
    AudioCopyPending,
    AudioNotPlayable,
    AudioWithheld,
    ResultNotReady,
    ObjectNotFound,
)


@router.get(
    "",
    response_class=Response,
    responses={200: {"content": {"audio/*": BINARY}, "description": "The recording; ranges are served."}, **_ERRORS},
)
async def get_audio(
    job_id: JobId,
    services: ListenerServicesDep,
    byte_range: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
) -> Response:
    """The whole recording as it came, where browsers play that exactly: WAV, FLAC, Ogg, WebM, MP4, and MP3 of constant
    bit rate. Of others a copy in Ogg with Opus, which is made when it is first asked for: until then the answer is
    `audio_copy_pending`. Never where the config leaves out channels of the recording.

    The route is a coroutine, so that a player that has stopped keeps no thread of its tenant.
    """
    recording = await run_in_threadpool(services.playback.recording, job_id)
    span = requested_span(byte_range, recording.size)
    if isinstance(span, Response):
        return span
    names = content_disposition(recording.filename, PurePath(recording.filename).suffix, "inline")
    headers = names | range_headers(span, recording.size)
    whole = range(recording.size) if span is None else span
    headers["Content-Length"] = str(len(whole))
    blocks: AsyncIterator[bytes] = iterate_in_threadpool(recording.blocks(whole))
    return StreamingResponse(blocks, 206 if span is not None else 200, headers, media_type=recording.media_type)


@router.get("/link", responses=_ERRORS)
def get_audio_link(job_id: JobId, services: ServicesDep, caller: CallerDep) -> AudioLinkDocument:
    """The address of the recording for a player, which sends no key: where the service needs one, with a ticket that
    opens the sound of this job for six hours and nothing else."""
    recording = services.playback.recording(job_id)
    ticket = services.api_keys.ticket(caller, job_id)
    path = f"/v1/jobs/{job_id}/audio"
    return AudioLinkDocument(url=path if ticket is None else f"{path}?ticket={ticket}", media_type=recording.media_type)
