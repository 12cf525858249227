"""What is seen of every request: its line in the log, its part in the metrics, and an id that both sides know it by."""

from __future__ import annotations

import re
import time

import structlog
import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics

TENANT, REQUEST_ID = "emoline.tenant", "emoline.request_id"
"""Where a request's scope has them."""
REQUEST_ID_HEADER = "X-Request-ID"
UNSEEN = {"/livez", "/readyz", "/metrics"}
"""What watches the service asks again and again: that is no use of it."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_HEADER = REQUEST_ID_HEADER.lower().encode()
_GIVEN_ID = re.compile(rb"[\w.:/+=-]{1,128}", re.ASCII)
_WAITS = b"wait="


class Observing:
    """Outside of all other middleware but what answers unforeseen errors."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Request(scope, receive, send, self._metrics)
        structlog.contextvars.bind_contextvars(request_id=seen.id)
        try:
            await self._app(scope, seen.receive if scope["method"] in ("POST", "PUT", "PATCH") else receive, seen.send)
        finally:
            if scope["path"] not in UNSEEN:
                self._tell(scope, seen)

    def _tell(self, scope: Scope, seen: _Request) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.requests.labels(method, route, seen.status).inc()
        if _WAITS not in scope["query_string"]:
            self._metrics.seconds.labels(method, route).observe((seen.answered or time.perf_counter()) - seen.began)
        self._log.info(
            "request.done",
            method=method,
            route=route,
            path=scope["raw_path"].decode("ascii", "replace"),  # as it came, so that no character breaks the line
            status=seen.status,
            ms=round(1000 * (time.perf_counter() - seen.began), 1),
            tenant=scope.get(TENANT),
        )


class _Request:
    """A request while it is answered; `status` is what an error makes of it unless an answer says otherwise."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, metrics: ApiMetrics) -> None:
        self.id = _given_id(scope) or str(uuid_utils.uuid7())
        self.status = 500
        self.began = time.perf_counter()
        self.answered: float | None = None
        self._receive = receive
        self._send = send
        self._metrics = metrics
        scope[REQUEST_ID] = self.id

    async def receive(self) -> Message:
        message = await self._receive()
        if body := message.get("body"):
            self._metrics.received.inc(len(body))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered = time.perf_counter()
            self.status = int(message["status"])  # not the enum that it may be, whose name is another
            message["headers"] = [*message.get("headers", ()), (_HEADER, self.id.encode())]
        await self._send(message)


def _given_id(scope: Scope) -> str | None:
    """The client's own id, if it is one that may stand in a log."""
    for name, value in scope["headers"]:
        if name == _HEADER and _GIVEN_ID.fullmatch(value):
            return str(value, "ascii")
    return None
