"""Request bodies of any size, streamed into the object store: nothing is held in memory or in temporary files.

Starlette's own form parser writes the whole file to the temporary folder first, so another parser is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any

from fastapi import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.issue_list import shorten
from api.jobs.config_emotions import check_emotions, names_emotions
from api.jobs.json_text import parse_json
from api.jobs.validation_issues import describe_issues
from shared.container import Services
from shared.domain.errors import InvalidConfig, InvalidRequest
from shared.domain.job import Job
from shared.domain.options import JobOptions
from shared.domain.suggestions import suggestion
from shared.domain.upload_errors import MalformedUpload, MissingFile
from shared.services.submission import JobSubmission, StreamedUpload
from shared.settings import Settings

_OPTIONS = TypeAdapter(JobOptions)
_OPTION_NAMES = {option.name for option in fields(JobOptions)}
_PARTS = ("config", "file")
_MOST_CONFIG_BYTES = 64 * 1024
_MOST_PARTS = 16
_MOST_OVERHEAD_BYTES = 2 * _MOST_CONFIG_BYTES
"""Bytes of a form besides its file: the config, and the separators of the parts."""
_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class _Form:
    """The parts of a multipart body besides the file; `filename` is None until the file begins."""

    filename: str | None = None
    config: bytes = b""

    def begin_part(self, name: str, filename: str) -> None:
        """Note that a part of this name begins. Raises InvalidRequest, MalformedUpload."""
        if name in _OPTION_NAMES:
            raise InvalidRequest(f"A form has no part `{name}`: it belongs into `config`, a JSON object.")
        if name not in _PARTS:
            name = shorten(name)
            raise InvalidRequest(f"A form has no part `{name}`; {suggestion(name, _PARTS)}.")
        if name == "file":
            if self.filename is not None:
                raise MalformedUpload("The form has more than one part named `file`.")
            # The parser has read the bytes of the name as Latin-1; what is no UTF-8 gets replacement characters.
            self.filename = filename.encode("latin1").decode(errors="replace")

    def extend_config(self, data: bytes) -> None:
        """Add the next bytes of the config. Raises InvalidConfig if it is too large."""
        self.config += data
        if len(self.config) > _MOST_CONFIG_BYTES:
            raise InvalidConfig(f"The job's config is larger than {_MOST_CONFIG_BYTES} bytes.")


@asynccontextmanager
async def _streamed_upload(submission: JobSubmission, idempotency_key: str | None) -> AsyncIterator[StreamedUpload]:
    """Begin an upload, which is dropped when the context ends with an exception.

    It is written, committed and dropped in threads, because storing takes long, and in few calls, because each costs
    as much as storing 64 KiB.
    """
    upload = submission.begin(idempotency_key=idempotency_key)
    try:
        yield upload
    except BaseException as error:
        await run_in_threadpool(upload.drop, error)
        raise


async def receive_raw(
    request: Request, services: Services, filename: str, config: str | None, idempotency_key: str | None
) -> Job:
    """Submit a job whose recording is the body itself.

    Raises the errors of `StreamedUpload`, InvalidConfig, MalformedUpload, PurposeMissing, RoleBarred.
    """
    options = parse_options(config, services.settings)
    services.submission.policy.check(options)
    if names_emotions(options):  # a thread that has nothing to do costs as much as a tenth of the submission
        await run_in_threadpool(check_emotions, options, services)
    await _check_limits(request, services.submission, idempotency_key)
    async with _streamed_upload(services.submission, idempotency_key) as upload:
        last = b""  # the last block is written in the call that commits: a short recording needs only one
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
    """Submit a job from a form with the part `file` and, before or after it, `config`.

    Raises as `receive_raw`, and MissingFile.
    """
    form = _Form()
    await _check_limits(request, services.submission, idempotency_key, overhead=_MOST_OVERHEAD_BYTES)
    async with _streamed_upload(services.submission, idempotency_key) as upload:
        await _read_form(request, upload, form)
        if form.filename is None:
            raise MissingFile
        options = parse_options(form.config.decode(errors="replace"), services.settings)
        if names_emotions(options):
            await run_in_threadpool(check_emotions, options, services)
        return await run_in_threadpool(upload.commit, form.filename, options, idempotency_key)


async def _check_limits(
    request: Request, submission: JobSubmission, idempotency_key: str | None, *, overhead: int = 0
) -> None:
    """Check the limits before anything is received; up to `overhead` bytes of the body do not belong to the recording.

    Raises LimitReached.
    """
    if submission.limits.limits_jobs:
        declared = request.headers.get("content-length", "")
        recording_bytes = int(declared) - overhead if declared.isdigit() else 0
        await run_in_threadpool(submission.admit, max(0, recording_bytes), idempotency_key)


def parse_options(config: str | None, settings: Settings) -> JobOptions:
    """Read the options of a job from a JSON text; an empty text and None are an empty object. Raises InvalidConfig."""
    try:
        values = parse_json(config) if config and config.strip() else {}
        if not isinstance(values, dict):
            raise ValueError("an object was expected")
    except ValueError as error:
        raise InvalidConfig(f"The job's config is not valid: config: {error}.") from error
    return merge_options(values, settings)


def merge_options(values: dict[str, Any], settings: Settings) -> JobOptions:
    """Make the options of a job; missing values of speakers, segmentation and retention come from the settings.

    Raises InvalidConfig, also where they are too large: whichever way they came, they are stored with the job.
    """
    if len(to_json(values, inf_nan_mode="constants")) > _MOST_CONFIG_BYTES:
        raise InvalidConfig(f"The job's config is larger than {_MOST_CONFIG_BYTES} bytes.")
    merged: dict[str, Any] = {"speakers": settings.speakers} | values
    for name, default in (("segmentation", settings.segmentation), ("retention", settings.retention)):
        group = merged.get(name, {})
        if isinstance(group, dict):
            merged[name] = asdict(default) | group
    try:
        # Strict, so that `true` is not 1. From JSON, because in Python's strict mode a list is no tuple.
        return _OPTIONS.validate_json(to_json(merged, inf_nan_mode="constants"), strict=True)
    except ValidationError as error:
        raise InvalidConfig(f"The job's config is not valid: {describe_issues(error, 'config', _OPTIONS)}.") from error


async def _read_form(request: Request, upload: StreamedUpload, form: _Form) -> None:
    """Read a multipart body: its file into `upload`, its other parts into `form`."""
    boundary = parse_options_header(request.headers["content-type"])[1].get("boundary")
    if not boundary:
        raise MalformedUpload("The form's content type has no boundary.")
    part = None
    try:
        # Headers of all bytes are read as Latin-1, because names of files may come in any encoding.
        with PushMultipartParser(str(boundary), max_segment_count=_MOST_PARTS, header_charset="latin1") as parser:
            async for block in blocks(request):
                for event in parser.parse(block):
                    if isinstance(event, MultipartSegment):
                        part = event.name
                        form.begin_part(part, event.filename or "")
                    elif event and part == "file":
                        await run_in_threadpool(upload.write, bytes(event))
                    elif event and part == "config":
                        form.extend_config(bytes(event))
    except MultipartError as error:
        raise MalformedUpload(f"The body is not a well-formed form: {error}.") from error


async def blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks large enough to be worth a call in a thread, also the start of one that breaks off.

    Raises MalformedUpload after the last block of such a body.
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
