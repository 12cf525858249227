"""Request bodies of any size, streamed into the store: nothing is held in memory or in temporary files.

Starlette's own form parser writes the whole file to the temporary folder first, hence a parser of our own choice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from shared.container import Services
from shared.domain.errors import InvalidConfig, MalformedUpload, MissingFile
from shared.domain.job import Job
from shared.domain.options import JobOptions
from shared.services.submission import JobSubmission, StreamedUpload
from shared.settings import Settings

_OBJECT = TypeAdapter(dict[str, Any])
_OPTIONS = TypeAdapter(JobOptions)
_MOST_CONFIG_BYTES = 64 * 1024
_MOST_PARTS = 16
_MOST_AROUND_BYTES = 2 * _MOST_CONFIG_BYTES
"""What is in a form besides its file: the config, and what stands between the parts."""
_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class _Form:
    """What a multipart body has said so far, next to the file itself."""

    filename: str | None = None
    config: bytes = b""


@asynccontextmanager
async def _streamed_upload(submission: JobSubmission) -> AsyncIterator[StreamedUpload]:
    """An upload that is dropped where the context is left by an exception.

    Storing takes its time, so it is written, committed and dropped in threads, in few visits: each costs as much as
    storing 64 KiB.
    """
    upload = submission.begin()
    try:
        yield upload
    except BaseException:
        await run_in_threadpool(upload.drop)
        raise


async def receive_raw(
    request: Request, services: Services, filename: str, config: str | None, idempotency_key: str | None
) -> Job:
    """A body that is the recording itself.

    Raises the errors of `StreamedUpload`, InvalidConfig, MalformedUpload.
    """
    options = parse_options(config, services.settings)
    await _admitted(request, services.submission, idempotency_key)
    async with _streamed_upload(services.submission) as upload:
        last = b""  # a recording of one block is worth one visit to a thread, not two
        async for block in blocks(request):
            if last:
                await run_in_threadpool(upload.write, last)
            last = block

        def commit() -> Job:
            if last:
                upload.write(last)
            return upload.commit(filename, options, idempotency_key)

        return await run_in_threadpool(commit)


async def receive_form(request: Request, services: Services, idempotency_key: str | None) -> Job:
    """A form with the parts `file` and, before or after it, `config`. Raises as `receive_raw`, and MissingFile."""
    form = _Form()
    await _admitted(request, services.submission, idempotency_key, around=_MOST_AROUND_BYTES)
    async with _streamed_upload(services.submission) as upload:
        await _read_form(request, upload, form)
        if form.filename is None:
            raise MissingFile
        options = parse_options(form.config.decode(errors="replace"), services.settings)
        return await run_in_threadpool(upload.commit, form.filename, options, idempotency_key)


async def _admitted(request: Request, submit: JobSubmission, idempotency_key: str | None, *, around: int = 0) -> None:
    """Looks at the limits before anything is received. `around` is how much of the body may not be the recording."""
    if submit.limits.of_jobs:
        declared = request.headers.get("content-length", "")
        at_least = int(declared) - around if declared.isdigit() else 0
        await run_in_threadpool(submit.admit, max(0, at_least), idempotency_key)


def parse_options(config: str | None, settings: Settings) -> JobOptions:
    """The options that a JSON text stands for; what it leaves out of segmentation and retention is as in the settings.

    For no text too. Raises InvalidConfig.
    """
    try:
        given = _OBJECT.validate_json(config if config and config.strip() else "{}")
    except ValidationError as error:
        raise _invalid(error) from error
    return options_of(given, settings)


def options_of(given: dict[str, Any], settings: Settings) -> JobOptions:
    """The same of what was read already. Raises InvalidConfig."""
    chosen = dict(given)
    for name, default in (("segmentation", settings.segmentation), ("retention", settings.retention)):
        own = chosen.get(name, {})
        if isinstance(own, dict):
            chosen[name] = asdict(default) | own
    try:
        # Strictly, or `true` would be 1; of JSON, because of Python's values a list would then be no tuple.
        return _OPTIONS.validate_json(to_json(chosen, inf_nan_mode="constants"), strict=True)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidConfig:
    return InvalidConfig(f"The job's config is not valid: {issues(error, 'config')}.")


def issues(error: ValidationError, whole: str) -> str:
    """What is wrong, by the name of its place; `whole` is that of the outermost."""
    return "; ".join(_issue(found, whole) for found in error.errors())


def _issue(found: ErrorDetails, whole: str) -> str:
    message = found["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, found['loc'])) or whole}: {message}"


async def _read_form(request: Request, upload: StreamedUpload, form: _Form) -> None:
    try:
        with PushMultipartParser(_boundary(request), max_segment_count=_MOST_PARTS) as parser:
            part = ""
            async for block in blocks(request):
                for event in parser.parse(block):
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


async def _take(part: str, data: bytes, upload: StreamedUpload, form: _Form) -> None:
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


async def blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces that are worth a thread's while, also what has come of one that breaks off.

    Raises MalformedUpload there.
    """
    block, broken = bytearray(), None
    try:
        async for chunk in request.stream():
            block += chunk
            if len(block) >= _BLOCK_BYTES:
                yield bytes(block)
                block.clear()
    except ClientDisconnect as error:
        broken = error
    if block:
        yield bytes(block)
    if broken:
        raise MalformedUpload("The upload broke off.") from broken
