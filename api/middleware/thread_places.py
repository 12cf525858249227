"""Places in the threads are given back when a response has been sent."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.threads import RELEASE


class ThreadPlaces:
    """Middleware that gives back the place that a request has taken in its tenant's share of the threads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if release := scope.pop(RELEASE, None):
                release()
