"""Jobs of recordings that lie elsewhere: JSON bodies, of one job or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from starlette.concurrency import run_in_threadpool

from api.jobs.request_body import blocks, issues, options_of
from api.schemas_webhooks import Url
from shared.container import Services
from shared.domain.errors import EmolineError, InvalidRequest, Outage, UploadNotFound
from shared.domain.ids import is_id
from shared.domain.job import Job
from shared.domain.options import JobOptions

_MOST_JOBS = 1_000

_Body = TypeVar("_Body", bound=BaseModel)


class Source(BaseModel):
    """Where a recording is: at a URL, to be downloaded, or uploaded before, in parts or over tus."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    upload_id: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.url is None) == (self.upload_id is None):
            raise ValueError("it must have either `url` or `upload_id`")
        return self


class JobRequest(BaseModel):
    """A job; what is not named here is its config."""

    model_config = ConfigDict(extra="allow")

    source: Source
    filename: str = Field(default="", max_length=1_000)


class BatchRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    jobs: list[dict[str, Any]] = Field(min_length=1, max_length=_MOST_JOBS)
    defaults: dict[str, Any] = {}


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


def _schema(kind: Any) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)  # they are the job's `config` too, and so among the document's components
    return schema


_CONFIG = _schema(JobOptions)
_SOURCE = {
    "oneOf": [
        {
            "type": "object",
            "required": [name],
            "properties": {name: {"type": "string", **limits}},
            "additionalProperties": False,
        }
        for name, limits in (
            ("url", {"format": "uri", "pattern": "^https?://", "maxLength": 2000}),
            ("upload_id", {"pattern": "^upl_[0-9a-f-]{36}$"}),
        )
    ]
}
_EXAMPLE = {"source": {"url": "https://calls.example/monday.mp3"}, "channels": "split", "roles": ["agent", "customer"]}

JOB_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A recording that lies elsewhere; its config stands beside `source`.",
    "required": ["source"],
    "properties": {"source": _SOURCE, "filename": {"type": "string", "maxLength": 1000}, **_CONFIG["properties"]},
    "additionalProperties": False,
    "example": _EXAMPLE,
}
BATCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["jobs"],
    "properties": {
        "jobs": {
            "type": "array",
            "minItems": 1,
            "maxItems": _MOST_JOBS,
            "items": {"type": "object", "description": "As the JSON body of `POST /v1/jobs`. A wrong one is an error."},
        },
        "defaults": {**_CONFIG, "description": "Config of each job that does not say otherwise."},
    },
    "additionalProperties": False,
    "example": {"jobs": [{"source": _EXAMPLE["source"]}], "defaults": {"channels": "split"}},
}
