"""Jobs of recordings that lie elsewhere: JSON bodies, of one job or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from api.jobs.request_body import blocks, issues, options_of
from shared.container import Services
from shared.domain.errors import EmolineError, InvalidRequest, Outage, UploadNotFound
from shared.domain.ids import is_id
from shared.domain.job import Job
from shared.schemas.job_requests import BatchRequest, JobRequest

_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of each job of a batch, in the order in which they were given."""

    id: str
    outcomes: Sequence[Job | EmolineError]


async def receive_json(request: Request, services: Services, idempotency_key: str | None) -> Job:
    """The job that a body describes.

    Raises:
        InvalidRequest, InvalidConfig, MalformedUpload.
        EndpointNotFound, IdempotencyMismatch, and what `Uploads.submit` raises.
    """
    body = b"".join([block async for block in blocks(request)])
    return await run_in_threadpool(lambda: _submitted(_parsed(JobRequest, body), services, idempotency_key))


async def receive_batch(request: Request, services: Services, idempotency_key: str | None) -> Batch:
    """The jobs that a body describes, and errors in the place of those that cannot be.

    Raises:
        InvalidRequest, InvalidConfig (of the defaults), MalformedUpload.
        Outage: nobody knows how many of the jobs there are.
    """
    body = b"".join([block async for block in blocks(request)])
    return await run_in_threadpool(lambda: _batch(_parsed(BatchRequest, body), services, idempotency_key))


def _parsed(kind: type[_Body], body: bytes | Mapping[str, Any]) -> _Body:
    try:
        return kind.model_validate_json(body) if isinstance(body, bytes) else kind.model_validate(body)
    except ValidationError as error:
        raise InvalidRequest(f"{issues(error, 'body')}.") from error


def _batch(wanted: BatchRequest, services: Services, key: str | None) -> Batch:
    options_of(wanted.defaults, services.settings)  # what is wrong with them is said once
    batch_id = services.submission.batch_id(key)
    outcomes = [
        _outcome(wanted.defaults | one, services, key and f"{key}/{index}", batch_id)
        for index, one in enumerate(wanted.jobs)
    ]
    return Batch(batch_id, outcomes)


def _outcome(body: Mapping[str, Any], services: Services, key: str | None, batch_id: str) -> Job | EmolineError:
    try:
        return _submitted(_parsed(JobRequest, body), services, key, batch_id)
    except Outage:
        raise
    except EmolineError as error:
        return error


def _submitted(wanted: JobRequest, services: Services, key: str | None, batch_id: str | None = None) -> Job:
    options, source = options_of(wanted.model_extra or {}, services.settings), wanted.source
    if source.url is not None:
        return services.submission.enqueue_url(source.url, wanted.filename, options, key, batch_id)
    if wanted.filename:
        raise InvalidRequest("body.filename: an upload was given its name when it was begun.")
    if not is_id("upl", source.upload_id or ""):
        raise UploadNotFound
    return services.uploads.submit(source.upload_id or "", options, key, batch_id)
