"""Request bodies of any size, streamed into the store: nothing is held in memory or in temporary files.

Starlette's own form parser writes the whole file to the temporary folder first, hence a parser of our own choice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import contextmanager_in_threadpool
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from shared.container import Services
from shared.domain.errors import InvalidConfig, MalformedUpload, MissingFile
from shared.domain.job import Job
from shared.domain.options import JobOptions, SegmentationOptions
from shared.services.submit import Upload

_OBJECT = TypeAdapter(dict[str, Any])
_OPTIONS = TypeAdapter(JobOptions)
_MOST_CONFIG_BYTES = 64 * 1024
_MOST_PARTS = 16


@dataclass(slots=True)
class _Form:
    """What a multipart body has said so far, next to the file itself."""

    filename: str | None = None
    config: bytes = b""


async def receive_raw(request: Request, services: Services, filename: str, config: str | None) -> Job:
    """A body that is the recording itself. Raises the errors of `Upload`, InvalidConfig, MalformedUpload."""
    options = parse_options(config, services.settings.segmentation)
    async with contextmanager_in_threadpool(services.submit.receive()) as upload:  # storing takes its time
        async for chunk in _chunks(request):
            await run_in_threadpool(upload.write, chunk)
        sha256 = await run_in_threadpool(upload.finish)
    return await run_in_threadpool(services.submit.enqueue, upload, sha256, filename, options)


async def receive_form(request: Request, services: Services) -> Job:
    """A form with the parts `file` and, before or after it, `config`. Raises as `receive_raw`, and MissingFile."""
    form = _Form()
    async with contextmanager_in_threadpool(services.submit.receive()) as upload:  # storing takes its time
        await _read_form(request, upload, form)
        if form.filename is None:
            raise MissingFile
        options = parse_options(form.config.decode(errors="replace"), services.settings.segmentation)
        sha256 = await run_in_threadpool(upload.finish)
    return await run_in_threadpool(services.submit.enqueue, upload, sha256, form.filename, options)


def parse_options(config: str | None, segmentation: SegmentationOptions) -> JobOptions:
    """The options that a JSON text stands for; what it does not say of `segmentation` is as given. For no text too.

    Raises InvalidConfig.
    """
    try:
        given = _OBJECT.validate_json(config if config and config.strip() else "{}")
        chosen = given.get("segmentation", {})
        if isinstance(chosen, dict):
            given["segmentation"] = asdict(segmentation) | chosen
        return _OPTIONS.validate_python(given)
    except ValidationError as error:
        raise InvalidConfig(f"The job's config is not valid: {'; '.join(map(_issue, error.errors()))}.") from error


def _issue(found: ErrorDetails) -> str:
    message = found["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, found['loc'])) or 'config'}: {message}"


async def _read_form(request: Request, upload: Upload, form: _Form) -> None:
    try:
        with PushMultipartParser(_boundary(request), max_segment_count=_MOST_PARTS) as parser:
            part = ""
            async for chunk in _chunks(request):
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        part = _begin(event, form)
                    elif event:
                        await _take(part, bytes(event), upload, form)
    except MultipartError as error:
        raise MalformedUpload(f"The body is not a well-formed form: {error}.") from error


def _begin(segment: MultipartSegment, form: _Form) -> str:
    if segment.name == "file":
        if form.filename is not None:
            raise MalformedUpload("The form has more than one part named `file`.")
        form.filename = segment.filename or ""
    return str(segment.name)


async def _take(part: str, data: bytes, upload: Upload, form: _Form) -> None:
    if part == "file":
        await run_in_threadpool(upload.write, data)
    elif part == "config":
        form.config += data
        if len(form.config) > _MOST_CONFIG_BYTES:
            raise InvalidConfig(f"The job's config is larger than {_MOST_CONFIG_BYTES} bytes.")


def _boundary(request: Request) -> str:
    boundary = parse_options_header(request.headers["content-type"])[1].get("boundary")
    if not boundary:
        raise MalformedUpload("The form's content type has no boundary.")
    return str(boundary)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        raise MalformedUpload("The upload broke off.") from error
