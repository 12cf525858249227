"""The parts of tus 1.0 that concern every request of its paths (https://tus.io/protocols)."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TUS_PATH = "/v1/uploads/tus"
TUS_VERSION = "1.0.0"


class TusProtocol:
    """Middleware that names the version in every tus response and takes a request's method from its override header.

    Clients send that header behind proxies that let only GET and POST pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{TUS_PATH}/"):
            return await self._app(scope, receive, send)

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"Tus-Resumable": TUS_VERSION, "Tus-Version": TUS_VERSION})
            await send(message)

        method = dict(scope["headers"]).get(b"x-http-method-override", scope["method"].encode())
        await self._app({**scope, "method": method.decode("latin-1").upper()}, receive, send_with_version)
