"""Jobs of recordings that lie elsewhere: JSON bodies, of one job or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from api.jobs.config_emotions import check_emotions
from api.jobs.json_text import parse_json
from api.jobs.request_body import blocks, merge_options
from api.jobs.validation_issues import describe_issues
from api.middleware.body_limit import MAX_BATCH_BYTES
from shared.container import Services
from shared.domain.errors import BodyTooLarge, EmolineError, InvalidRequest, Outage
from shared.domain.ids import is_id
from shared.domain.job import Job
from shared.domain.upload_errors import UploadNotFound
from shared.schemas.job_requests import BatchRequest, JobRequest

_Body = TypeVar("_Body", bound=BaseModel)
_JOB = TypeAdapter(JobRequest)
_BATCH = TypeAdapter(BatchRequest)


@dataclass(frozen=True, slots=True)
class Batch:
    """The jobs of a batch in the order of the request, with an error in the place of each that was refused."""

    id: str
    outcomes: Sequence[Job | EmolineError]


async def receive_json(request: Request, services: Services, idempotency_key: str | None) -> Job:
    """Submit the job that a body describes.

    Raises:
        InvalidRequest, InvalidConfig, MalformedUpload.
        EndpointNotFound, IdempotencyMismatch, and the errors of `Uploads.submit`.
    """
    body = b"".join([block async for block in blocks(request)])
    return await run_in_threadpool(lambda: _submit(_parse(_JOB, body), services, idempotency_key))


async def receive_batch(request: Request, services: Services, idempotency_key: str | None) -> Batch:
    """Submit the jobs that a body describes.

    Raises:
        InvalidRequest, InvalidConfig (of the defaults), MalformedUpload.
        BodyTooLarge: the defaults are too large for so many jobs.
        Outage: an unknown number of the jobs was submitted.
    """
    body = b"".join([block async for block in blocks(request)])
    return await run_in_threadpool(_submit_batch, body, services, idempotency_key)


def _submit_batch(body: bytes, services: Services, key: str | None) -> Batch:
    batch = _parse(_BATCH, body)
    # An error of the defaults is the error of the whole batch.
    check_emotions(merge_options(batch.defaults, services.settings), services)
    if len(to_json(batch.defaults, inf_nan_mode="constants")) * len(batch.jobs) > MAX_BATCH_BYTES:
        raise BodyTooLarge(f"With its defaults in each of its jobs the batch is larger than {MAX_BATCH_BYTES} bytes.")
    batch_id = services.submission.batch_id(key)
    outcomes: list[Job | EmolineError] = []
    for index, config in enumerate(batch.jobs):
        try:
            job_request = _parse(_JOB, batch.defaults | config)
            outcomes.append(_submit(job_request, services, key and f"{key}/{index}", batch_id))
        except Outage:
            raise
        except EmolineError as error:
            outcomes.append(error)
    return Batch(batch_id, outcomes)


def _parse(kind: TypeAdapter[_Body], body: bytes | Mapping[str, Any]) -> _Body:
    try:
        return kind.validate_python(parse_json(body) if isinstance(body, bytes) else body)
    except ValidationError as error:
        raise InvalidRequest(f"{describe_issues(error, 'body', kind)}.") from error
    except ValueError as error:
        raise InvalidRequest(f"body: {error}.") from error


def _submit(job_request: JobRequest, services: Services, key: str | None, batch_id: str | None = None) -> Job:
    options, source = merge_options(job_request.model_extra or {}, services.settings), job_request.source
    check_emotions(options, services)
    if source.url is not None:
        return services.submission.enqueue_url(source.url, job_request.filename, options, key, batch_id)
    if job_request.filename:
        raise InvalidRequest("body.filename: an upload was given its name when it was begun.")
    if not is_id("upl", source.upload_id or ""):
        raise UploadNotFound
    return services.uploads.submit(source.upload_id or "", options, key, batch_id)
