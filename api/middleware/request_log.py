"""The log line, the metrics and the id of every request."""

from __future__ import annotations

import re
import time

import structlog
import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics

TENANT, REQUEST_ID = "emoline.tenant", "emoline.request_id"
"""Keys of the request's scope."""
REQUEST_ID_HEADER = "X-Request-ID"
UNLOGGED_PATHS = {"/livez", "/readyz", "/metrics"}
"""Paths that monitoring polls all the time: such requests are neither logged nor counted nor traced."""

_KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_HEADER = REQUEST_ID_HEADER.lower().encode()
_LOGGABLE_ID = re.compile(rb"[\w.:/+=-]{1,128}", re.ASCII)
LONG_POLL = b"wait="
"""A part of the query of each request that waits for a job."""


class RequestLog:
    """Middleware that logs and counts every request. It belongs outside of all other middleware."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _ObservedRequest(scope, receive, send, self._metrics)
        structlog.contextvars.bind_contextvars(request_id=request.id)
        has_body = scope["method"] in ("POST", "PUT", "PATCH")
        try:
            await self._app(scope, request.receive if has_body else receive, request.send)
        finally:
            if scope["path"] not in UNLOGGED_PATHS:
                self._record(scope, request)

    def _record(self, scope: Scope, request: _ObservedRequest) -> None:
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.requests.labels(method, route, request.status).inc()
        if LONG_POLL not in scope["query_string"]:
            answered_at = request.answered_at or time.perf_counter()
            self._metrics.seconds.labels(method, route).observe(answered_at - request.began_at)
        self._log.info(
            "request.done",
            method=method,
            route=route,
            path=scope["raw_path"].decode("ascii", "replace"),  # undecoded, so that no character breaks the line
            status=request.status,
            ms=round(1000 * (time.perf_counter() - request.began_at), 1),
            tenant=scope.get(TENANT),
        )


class _ObservedRequest:
    """A request that is being answered; times are `time.perf_counter()`.

    `id` is the client's own if it is safe in a log. `status` is 500 until a response starts: an unforeseen exception
    becomes that.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, metrics: ApiMetrics) -> None:
        client_ids = (value for name, value in scope["headers"] if name == _HEADER and _LOGGABLE_ID.fullmatch(value))
        self.id = next((str(value, "ascii") for value in client_ids), None) or str(uuid_utils.uuid7())
        self.status = 500
        self.began_at = time.perf_counter()
        self.answered_at: float | None = None
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
            self.answered_at = time.perf_counter()
            self.status = int(message["status"])  # an HTTPStatus would be logged by its name
            message["headers"] = [*message.get("headers", ()), (_HEADER, self.id.encode())]
        await self._send(message)
