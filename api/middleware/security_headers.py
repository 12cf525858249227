"""Headers that keep responses out of caches and frames, and browsers from guessing types."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EXTRA_HEADERS = "emoline.headers"
"""Key of the request's scope under which a route leaves headers for the response, even if that is an error."""

_Headers = Iterable[tuple[bytes, bytes]]
_COMMON: _Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_DEFAULT: _Headers = (*_COMMON, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"))
_API: _Headers = (*_DEFAULT, (b"cache-control", b"no-store"))  # recordings and their results are private
_PAGE: _Headers = (
    *_COMMON,
    (
        b"content-security-policy",
        # Audio that was fetched with a key plays from memory, as a blob.
        b"default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
)
_SWAGGER: _Headers = (
    *_COMMON,
    (
        b"content-security-policy",
        # Swagger UI begins with a script and styles inside its page, and draws with images inside its styles.
        b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
_OVERRIDABLE = {b"cache-control", b"content-security-policy"}
"""Headers that a route may set itself."""
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Middleware that adds the security headers of the path to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]} & _OVERRIDABLE
                security = [header for header in _security_headers(scope["path"]) if header[0] not in present]
                message["headers"] = [*message["headers"], *security, *scope.get(EXTRA_HEADERS, ())]
                if scope["scheme"] == "https":
                    message["headers"].append(_HTTPS_ONLY)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _security_headers(path: str) -> _Headers:
    if path.startswith("/v1/"):
        return _API
    if path == "/" or path.startswith("/page/"):
        return _PAGE
    return _SWAGGER if path == "/docs" else _DEFAULT
