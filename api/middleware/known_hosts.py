"""A check of the `Host` header, so that a foreign page cannot reach the service by a name of its own."""

from __future__ import annotations

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send


class KnownHosts(TrustedHostMiddleware):
    """Middleware that refuses unknown hosts, except at `/metrics`: Prometheus asks by address, under any name."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = self.app if scope.get("path") == "/metrics" else super().__call__
        await inner(scope, receive, send)
