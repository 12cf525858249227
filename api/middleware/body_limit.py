"""A limit on the size of request bodies that are no recordings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_of
from api.media_types import JSON, media_type_of
from shared.domain.errors import BodyTooLarge

MAX_BODY_BYTES = 128 << 10
"""Enough for a config of 64 KiB, whose text may be longer than what it says, with its source."""
MAX_BATCH_BYTES = 8 << 20
"""Enough for a batch of a thousand jobs with metadata."""
_BATCH_PATH = "/v1/batches"
RECORDING_PATHS = re.compile("/v1/jobs|/v1/uploads/tus/[^/]+|/v1/uploads/[^/]+/parts/[^/]+")
"""Paths whose routes limit recordings themselves, while these are streamed."""

_BODILESS_METHODS = {"GET", "HEAD"}
"""Methods whose body no route reads."""


class BodyLimit:
    """Middleware that refuses bodies over `limit_of` their path, except for recordings."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _BODILESS_METHODS and not _is_recording(scope):
            size, limit = _declared_size(scope["headers"]), limit_of(scope["path"])
            if size is None:
                size, receive = await _buffer_body(receive, limit)
            if size > limit:
                refusal = BodyTooLarge(f"The body is larger than the {limit} bytes that this path takes.")
                await problem_of(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def limit_of(path: str) -> int:
    """Return the most bytes of a body at a path, of one that is no recording."""
    return MAX_BATCH_BYTES if path == _BATCH_PATH else MAX_BODY_BYTES


def _is_recording(scope: Scope) -> bool:
    is_json = media_type_of(Headers(scope=scope).get("content-type", "")) == JSON
    return not is_json and RECORDING_PATHS.fullmatch(scope["path"]) is not None


def _declared_size(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The size of the body in bytes by its headers; None if it comes in chunks of unknown number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            return None
    return 0


async def _buffer_body(receive: Receive, limit: int) -> tuple[int, Receive]:
    """Read a body until it ends or exceeds the limit; return its size in bytes and a `receive` that repeats it."""
    body, unfinished = bytearray(), True
    while unfinished and len(body) <= limit:
        message = await receive()
        body += message.get("body", b"")
        unfinished = message.get("more_body", False)
    repeated: Iterator[Message] = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

    async def receive_again() -> Message:
        return next(repeated, None) or await receive()

    return len(body), receive_again
