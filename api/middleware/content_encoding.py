"""Compressed request bodies are refused."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_of
from shared.domain.errors import UnsupportedEncoding


class PlainBodies:
    """Middleware that refuses bodies with a `Content-Encoding`: a recording would be stored as no recording."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(
            name == b"content-encoding" and value != b"identity" for name, value in scope["headers"]
        ):
            await problem_of(UnsupportedEncoding())(scope, receive, send)
        else:
            await self._app(scope, receive, send)
