"""Jobs: submit, watch, list, cancel, retry, change, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response, status
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.dependencies import IdempotencyKey, JobId, JobWatchDep, ServicesDep
from api.errors import RETRY_AFTER_S, responses
from api.jobs.job_cursor import format_cursor, parse_cursor
from api.jobs.job_query import JobFilterDep, Sort, parse_order, refuse_misspelt
from api.jobs.job_requests import receive_json
from api.jobs.job_watch import job_version
from api.jobs.json_text import JsonRoute
from api.jobs.request_body import receive_form, receive_raw
from api.media_types import BINARY, FORM, JSON, media_type_of
from shared.container import Services
from shared.domain.errors import (
    AudioDeleted,
    EndpointNotFound,
    IdempotencyMismatch,
    InvalidConfig,
    InvalidCursor,
    InvalidRequest,
    JobDeleted,
    JobFinished,
    JobNotFound,
    JobRunning,
    NothingToRetry,
    PurposeMissing,
    QueueFull,
    QuotaExceeded,
    RoleBarred,
    StorageFull,
    TooManyOpenJobs,
)
from shared.domain.job import JobState, SegmentCounts
from shared.domain.upload_errors import (
    EmptyUpload,
    MalformedUpload,
    MissingFile,
    NotMedia,
    UploadBusy,
    UploadIncomplete,
    UploadNotFound,
    UploadTooLarge,
    UploadUsed,
)
from shared.schemas.job import JobChange, JobDocument, JobPageDocument, ListedJobDocument
from shared.schemas.job_requests import job_request_schema
from shared.services.job_reader import JobView
from shared.services.job_retry import RetryScope

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=JsonRoute)

_CONFIG_EXAMPLE = '{"channels": "split", "roles": ["agent", "customer"], "aggregation": {"gap_ms": 2000}}'
_CONFIG_IN_FORM = "A JSON text: the schema is `JobOptions`."
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
                        # Not `contentMediaType`, for which Swagger UI wants a file.
                        "config": {"type": "string", "description": _CONFIG_IN_FORM, "example": _CONFIG_EXAMPLE},
                    },
                }
            },
            "application/octet-stream": BINARY,
            "application/json": {"schema": job_request_schema()},
        },
    }
}


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(
        EmptyUpload,
        IdempotencyMismatch,
        EndpointNotFound,
        InvalidConfig,
        MalformedUpload,
        MissingFile,
        NotMedia,
        PurposeMissing,
        QueueFull,
        QuotaExceeded,
        RoleBarred,
        StorageFull,
        TooManyOpenJobs,
        UploadBusy,
        UploadIncomplete,
        UploadNotFound,
        UploadTooLarge,
        UploadUsed,
    ),
    openapi_extra=_BODIES,
)
async def submit_job(
    request: Request,
    response: Response,
    services: ServicesDep,
    filename: Annotated[str, Query(description="Raw body: name to show.", examples=["call.mp3"])] = "",
    config: Annotated[str | None, Query(description="Raw body: config as JSON.", examples=[_CONFIG_EXAMPLE])] = None,
    emoline_config: Annotated[str | None, Header(description="Raw body: config as JSON.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> JobDocument:
    """Submits a recording, as a form with the parts `file` and `config` or as the body itself, of any size; or, as a
    JSON object with its config, the `source` that it is to be downloaded from.

    Answers as soon as the recording, or where it lies, is stored. From then on the job reaches a terminal state by
    itself. Sent again with the same `Idempotency-Key`, it is the job that there is already.
    """
    media_type = media_type_of(request.headers.get("content-type", ""))
    is_raw = media_type not in (FORM, JSON)
    if not is_raw and (filename or config or emoline_config):
        raise InvalidRequest("`filename` and `config` stand in this body, not in the query or a header.")
    if media_type == FORM:
        job = await receive_form(request, services, idempotency_key)
    elif media_type == JSON:
        job = await receive_json(request, services, idempotency_key)
    else:
        job = await receive_raw(request, services, filename, config or emoline_config, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    fresh = job.state is JobState.QUEUED  # else it is the job of an earlier request
    view = JobView(job, SegmentCounts()) if fresh else await run_in_threadpool(services.reader.job, job.id)
    return _document(view, services)


@router.get(
    "/{job_id}",
    response_model=JobDocument,
    responses={304: {"description": "Still as `If-None-Match` says."}, **responses(JobNotFound, JobDeleted)},
)
async def get_job(
    watch: JobWatchDep,
    response: Response,
    wait: Annotated[int, Query(ge=0, le=60, description="Seconds to wait until the job has ended.")] = 0,
    if_none_match: Annotated[
        str | None, Header(description="The `ETag` of an earlier answer; `wait` then ends when the job has changed.")
    ] = None,
) -> JobDocument | Response:
    """A job: its state, stage and progress. `Retry-After` says when to ask again while it runs."""
    known_version = if_none_match.removeprefix("W/").strip('"') if if_none_match else None
    view = await watch.wait(wait, known_version)
    version = job_version(view)
    response.headers["ETag"] = f'"{version}"'
    if version == known_version:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=dict(response.headers))
    if not view.job.state.terminal:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return _document(view, watch.services)


async def _current_job(watch: JobWatchDep) -> JobView:
    return await watch.current()


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    responses=responses(JobNotFound, JobDeleted),
)
async def follow_job(
    watch: JobWatchDep,
    first: Annotated[JobView, Depends(_current_job)],
    last_event_id: Annotated[str | None, Header(description="Go on after this event.")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The job as server-sent events: `progress` whenever it has changed, at most twice a second, then how it ended.

    The data of each is the job. The last event is named by its status: `succeeded`, `failed` or `canceled`.
    """
    async for view in watch.events(first, last_event_id):
        name = view.job.state.status.value if view.job.state.terminal else "progress"
        yield ServerSentEvent(event=name, id=job_version(view), data=_document(view, watch.services))


@router.get("", responses=responses(InvalidCursor))
def list_jobs(
    request: Request,
    services: ServicesDep,
    job_filter: JobFilterDep,
    sort: Sort = "-submitted",
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=2048)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobPageDocument:
    """Jobs that meet all conditions, a page at a time, the newest first unless `sort` says otherwise.

    docs/how-to/find-calls.md has questions with their answers.
    """
    order = parse_order(sort, job_filter)
    after = None if cursor is None else parse_cursor(cursor, order)
    page = services.reader.page(limit=limit, after=after, job_filter=job_filter, order=order)
    if not page.views:
        refuse_misspelt(services.jobs, job_filter)
    running = any(not view.job.state.terminal for view in page.views)
    missing = request.app.state.missing_workers() if running else ()
    views = [view.where_missing(missing) for view in page.views]
    return JobPageDocument(
        data=[ListedJobDocument.from_facts(_document(view, services), view.facts) for view in views],
        next_cursor=None if page.next_cursor is None else format_cursor(page.next_cursor, order),
    )


@router.post(
    "/{job_id}/cancel", status_code=status.HTTP_202_ACCEPTED, responses=responses(JobNotFound, JobDeleted, JobFinished)
)
def cancel_job(job_id: JobId, services: ServicesDep) -> JobDocument:
    """Stops a job that has not ended."""
    services.cancellation.cancel(job_id)
    return _document(services.reader.job(job_id), services)


@router.post(
    "/{job_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(JobNotFound, JobDeleted, AudioDeleted, JobRunning, NothingToRetry),
)
def retry_job(
    job_id: JobId,
    services: ServicesDep,
    scope: Annotated[
        RetryScope, Body(embed=True, alias="what", description="What is analysed anew.")
    ] = "failed_segments",
) -> JobDocument:
    """Tries a job again that has ended: the segments that were skipped or are missing, or `all` of them."""
    services.job_retry.retry(job_id, scope)
    return _document(services.reader.job(job_id), services)


@router.patch("/{job_id}", responses=responses(JobNotFound, JobDeleted, JobRunning))
def change_job(job_id: JobId, body: JobChange, services: ServicesDep) -> JobDocument:
    """Changes the given times of the retention of a job that has ended; sound and results due by then are deleted."""
    services.retention.change(job_id, body.retention.model_dump(exclude_unset=True))
    return _document(services.reader.job(job_id), services)


@router.delete(
    "/{job_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses={
        202: {"description": "The job is deleted, but the store keeps objects of it for now; they are deleted later."},
        **responses(JobNotFound, JobDeleted),
    },
)
def delete_job(job_id: JobId, services: ServicesDep) -> Response:
    """Deletes a job in any state, with its recording and its results."""
    complete = services.cancellation.delete(job_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT if complete else status.HTTP_202_ACCEPTED)


def _document(view: JobView, services: Services) -> JobDocument:
    return JobDocument.from_job(view.job, view.counts, services.clock.now(), view.waits_for)
