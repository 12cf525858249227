"""The HTTP server, which answers at an address while a context lasts."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.container import Services
from shared.settings import Settings

_LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
_BACKLOG = 2048
_CLOSE_CONNECTIONS_S = 5
_MAX_HEADER_BYTES = 64 * 1024
"""Largest request headers after their first packet: far more than browsers and proxies send."""


class LimitedHeadersProtocol(HttpToolsProtocol):
    """A connection that refuses headers without end: the parser alone would buffer all of them."""

    _in_headers = False
    _header_bytes = 0

    def on_message_begin(self) -> None:
        self._in_headers, self._header_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        headers_continue = self._in_headers
        super().data_received(data)
        if headers_continue and self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > _MAX_HEADER_BYTES:
                self.send_400_response("The head of the request is too large.")


class PublicAddress(Exception):
    """Without API keys, Emoline only listens on this machine's own address, such as 127.0.0.1: make a key with
    `emoline keys create NAME`. Where only those who may use Emoline can reach the address, EMOLINE_PRIVATE_NETWORK=true
    does without."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


class AddressInUse(Exception):
    """The address is taken or does not exist here."""


def hosts(settings: Settings) -> list[str]:
    """Names in a `Host` header that the service answers to."""
    return [*_LOCAL_HOSTS, *settings.allowed_hosts]


def check_access(services: Services, host: str) -> None:
    """Raise PublicAddress if other machines can reach `host` and no API key is needed."""
    if services.api_keys.open and not services.settings.private_network:
        is_loopback = host == "localhost"
        with suppress(ValueError):
            is_loopback = ipaddress.ip_address(host).is_loopback
        if not is_loopback:
            raise PublicAddress


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket, at a free port if `port` is 0. Raises AddressInUse."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return _open_listener((host, port), family)
    except OSError as error:
        raise AddressInUse(f"Emoline cannot listen on {host} port {port}: {error.strerror}.") from error


def split_listener(listener: socket.socket, count: int) -> list[socket.socket]:
    """Replace a socket by one for each of `count` processes, which get equal shares of the connections.

    If processes shared one socket, the first to wake would take all connections that wait.
    """
    if count == 1:
        return [listener]
    address, family = listener.getsockname(), listener.family
    listener.close()  # opened unshared, it has made sure that no other program has the address
    return [_open_listener(address, family, shared=True) for _ in range(count)]


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[str]:
    """Answer requests while the context lasts; yield the URL."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=LimitedHeadersProtocol,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_CLOSE_CONNECTIONS_S,
        )
    )
    thread = Thread(target=server.run, args=([listener],), name="http")
    thread.start()
    try:
        yield listener_url(listener)
    finally:
        server.should_exit = True
        thread.join()


def _open_listener(address: tuple[str, int], family: int, *, shared: bool = False) -> socket.socket:
    listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG, reuse_port=shared)
    # Accepted connections inherit the option. Without it the second part of a response waits until the client's system
    # has acknowledged the first, which takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def listener_url(listener: socket.socket) -> str:
    """The URL at which a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
