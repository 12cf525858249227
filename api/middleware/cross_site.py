"""Foreign pages change nothing: where no API key is needed, a browser would let them."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_of
from shared.domain.errors import CrossSite

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class OwnPages:
    """Middleware that refuses requests of other sites' pages to change something, but for `allowed_origins`.

    A browser says by `Sec-Fetch-Site`, an old one by `Origin`, where the page is from (as Go's CrossOriginProtection
    reads them); programs send neither.
    """

    def __init__(self, app: ASGIApp, allowed_origins: Collection[str]) -> None:
        self._app = app
        self._allowed_origins = allowed_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and self._is_foreign(Headers(scope=scope)):
            await problem_of(CrossSite())(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self._allowed_origins or "*" in self._allowed_origins:
            return False
        if site:
            return site not in ("same-origin", "none")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
