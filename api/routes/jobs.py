"""Jobs: submit, look, list, cancel, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response, status

from api.deps import CallerDep, JobId, LooksDep, ServicesDep
from api.errors import RETRY_AFTER_S, responses
from api.schemas import JobPageDocument
from api.uploads import receive_form, receive_raw
from shared.container import Services
from shared.documents.job import JobDocument
from shared.domain.errors import (
    EmptyUpload,
    InvalidConfig,
    InvalidCursor,
    JobDeleted,
    JobFinished,
    JobNotFound,
    MalformedUpload,
    MissingFile,
    NotMedia,
    StorageFull,
    UploadTooLarge,
)
from shared.domain.job import JobStatus, SegmentCounts
from shared.services.read import JobView

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_CONFIG_EXAMPLE = '{"channels": "split", "roles": ["agent", "customer"], "aggregation": {"gap_ms": 2000}}'
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "config": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": {"$ref": "#/components/schemas/JobOptions"},
                            "example": _CONFIG_EXAMPLE,
                        },
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(
        EmptyUpload, InvalidConfig, MalformedUpload, MissingFile, NotMedia, StorageFull, UploadTooLarge
    ),
    openapi_extra=_BODIES,
)
async def submit(
    request: Request,
    response: Response,
    services: ServicesDep,
    filename: Annotated[str, Query(description="Raw body: name to show.", examples=["call.mp3"])] = "",
    config: Annotated[str | None, Query(description="Raw body: config as JSON.", examples=[_CONFIG_EXAMPLE])] = None,
    emoline_config: Annotated[str | None, Header(description="Raw body: config as JSON.")] = None,
) -> JobDocument:
    """Submits a recording, as a form with the parts `file` and `config` or as the body itself; of any size.

    Answers as soon as the recording is stored. From then on the job reaches a terminal state by itself.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        job = await receive_form(request, services)
    else:
        job = await receive_raw(request, services, filename, config or emoline_config)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return JobDocument.of(job, SegmentCounts(), services.clock.now())


@router.get("/{job_id}", responses=responses(JobNotFound, JobDeleted))
async def job(
    job_id: JobId, response: Response, services: ServicesDep, looks: LooksDep, caller: CallerDep
) -> JobDocument:
    """A job: its state, stage and progress. `Retry-After` says when to ask again while it runs."""
    view = await looks.job(job_id, services, caller.tenant)
    if not view.job.state.terminal:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return _document(view, services)


@router.get("", responses=responses(InvalidCursor))
def jobs(
    services: ServicesDep,
    status: Annotated[JobStatus | None, Query(description="Only jobs with this status.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobPageDocument:
    """All jobs, newest first, a page at a time."""
    if cursor is not None and not cursor.startswith("job_"):
        raise InvalidCursor
    page = services.read.page(limit=limit, after=cursor, status=status)
    return JobPageDocument(data=[_document(view, services) for view in page.views], next_cursor=page.next_cursor)


@router.post(
    "/{job_id}/cancel", status_code=status.HTTP_202_ACCEPTED, responses=responses(JobNotFound, JobDeleted, JobFinished)
)
def cancel(job_id: JobId, services: ServicesDep) -> JobDocument:
    """Stops a job that has not ended."""
    services.end.cancel(job_id)
    return _document(services.read.job(job_id), services)


@router.delete("/{job_id}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(JobNotFound, JobDeleted))
def delete(job_id: JobId, services: ServicesDep) -> None:
    """Deletes a job in any state, with its recording and its results."""
    services.end.delete(job_id)


def _document(view: JobView, services: Services) -> JobDocument:
    return JobDocument.of(view.job, view.counts, services.clock.now())
