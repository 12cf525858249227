"""What is the same for every request and answer, whichever route or library an answer comes from.

Plain ASGI: Starlette's base class for middleware costs ten times as much, on every poll.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem, problem_of
from shared.domain.errors import BodyTooLarge

MOST_BODY_BYTES = 8 << 20
"""Largest body that is no recording: a thousand jobs with what they may say of themselves."""
TAKE_RECORDINGS = re.compile("/v1/jobs|/v1/uploads/tus/[^/]+|/v1/uploads/[^/]+/parts/[^/]+")
"""Paths whose routes count what they receive themselves, while it passes."""
ADDED = "emoline.headers"
"""Where a request's scope has headers that its answer gets, whatever that is."""

_Headers = Iterable[tuple[bytes, bytes]]
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_ELSEWHERE = (*_ALWAYS, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
_API = (*_ELSEWHERE, (b"cache-control", b"no-store"))  # recordings are private, and what is said of them
_PAGE = (
    *_ALWAYS,
    (
        b"content-security-policy",
        # Sound that was fetched with a key plays from memory, as a blob.
        b"default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
)
_PAGES = {
    "/": _PAGE,
    # Swagger UI begins with a script and styles inside its page, and draws with images inside its styles.
    "/docs": (
        *_ALWAYS,
        (
            b"content-security-policy",
            b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
}
_OWN = {b"cache-control", b"content-security-policy"}
"""What an answer says of these itself stands."""
_BODILESS = {"GET", "HEAD"}
"""Methods of which no route reads a body."""
_ENCRYPTED = (b"strict-transport-security", b"max-age=31536000")
_REMADE = {b"content-type", b"content-length"}


class Edge:
    """Adds the headers that keep answers from caches, frames and guesses, and makes a problem of every plain error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send)
        try:
            await self._app(scope, receive, answer)
        except Exception:
            if not answer.begun:
                await problem(500)(scope, receive, answer)
            raise


class _Answer:
    """What an application sends as the answer, on its way out."""

    __slots__ = ("_plain", "_receive", "_scope", "_send", "begun")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun = False
        self._scope = scope
        self._receive = receive
        self._send = send
        self._plain: Message | None = None

    async def __call__(self, message: Message) -> None:
        if self._plain is not None:
            await self._as_problem(self._plain, message)
            return
        if message["type"] == "http.response.start":
            self.begun = True
            if message["status"] >= 400 and _is_of(b"text/plain", message["headers"]):
                self._plain = message
                return
            message["headers"] = _complete(self._scope, message["headers"])
        await self._send(message)

    async def _as_problem(self, start: Message, body: Message) -> None:
        """What Starlette says in plain words: a host that is not ours, a range that is none."""
        self._plain = None
        said = body.get("body", b"").decode(errors="replace").strip().rstrip(".")
        headers = {name.decode(): value.decode() for name, value in start["headers"] if name not in _REMADE}
        answer = problem(start["status"], detail=f"{said}." if said else None, headers=headers)
        await answer(self._scope, self._receive, self)


class BodyLimit:
    """Refuses bodies over `MOST_BODY_BYTES`, but where recordings are taken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _BODILESS and not _takes_recording(scope):
            declared = _declared(scope["headers"])
            if declared is None:
                body = await _read(receive)
                declared, receive = len(body), _Again(bytes(body), receive)
            if declared > MOST_BODY_BYTES:
                refusal = BodyTooLarge(f"The body is larger than the {MOST_BODY_BYTES} bytes that this path takes.")
                await problem_of(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Again:
    """A body that was read already, to be received once more."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _takes_recording(scope: Scope) -> bool:
    return TAKE_RECORDINGS.fullmatch(scope["path"]) is not None and not _is_of(b"application/json", scope["headers"])


def _declared(headers: _Headers) -> int | None:
    """How long the body says it is; None where it comes in chunks and does not say."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
        if name == b"transfer-encoding":
            return None
    return 0


async def _read(receive: Receive) -> bytearray:
    """The body, up to where it is too large."""
    body, more = bytearray(), True
    while more and len(body) <= MOST_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _is_of(media_type: bytes, headers: _Headers) -> bool:
    return any(name == b"content-type" and value.startswith(media_type) for name, value in headers)


def _complete(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    missing: _Headers = _of_path(scope["path"])
    if not _OWN.isdisjoint(own := dict(headers)):
        missing = [(name, value) for name, value in missing if name not in own]
    complete = [*headers, *missing, *scope.get(ADDED, ())]
    if scope["scheme"] == "https":
        complete.append(_ENCRYPTED)
    return complete


def _of_path(path: str) -> _Headers:
    if path.startswith("/v1/"):
        return _API
    return _PAGE if path.startswith("/page/") else _PAGES.get(path, _ELSEWHERE)
