"""Problems (RFC 9457) in the place of plain errors, whichever library a response comes from."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

_log = structlog.get_logger()
_BODY_HEADERS = {b"content-type", b"content-length"}


class ProblemResponses:
    """Middleware that makes a problem of every plain-text error and of every unforeseen exception."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = _ProblemSender(scope, receive, send)
        try:
            await self._app(scope, receive, sender)
        except Exception:
            if sender.started:
                raise  # the server closes the connection, which shows that the response is incomplete
            # Not raised again: the server would close the connection, on which the next request may wait already.
            _log.exception("request.error")
            await problem(500)(scope, receive, send)


class _ProblemSender:
    """A `send` that holds back the start of a plain-text error until its body has come, and sends a problem then.

    Starlette writes such errors: for a host that is not in the list, or a range that cannot be served.
    """

    __slots__ = ("_plain_start", "_receive", "_scope", "_send", "started")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = False
        self._scope = scope
        self._receive = receive
        self._send = send
        self._plain_start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if self._plain_start is not None:
            start, self._plain_start = self._plain_start, None
            text = message.get("body", b"").decode(errors="replace").strip().rstrip(".")
            headers = {name.decode(): value.decode() for name, value in start["headers"] if name not in _BODY_HEADERS}
            response = problem(start["status"], detail=f"{text}." if text else None, headers=headers)
            await response(self._scope, self._receive, self._send)
            return
        if message["type"] == "http.response.start":
            self.started = True
            content_types = (value for name, value in message["headers"] if name == b"content-type")
            if message["status"] >= 400 and any(value.startswith(b"text/plain") for value in content_types):
                self._plain_start = message
                return
        await self._send(message)
