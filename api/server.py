"""The HTTP server: an application at an address, as long as a context lasts."""

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


_MOST_HEAD_BYTES = 64 * 1024
"""What may come of a request's head after its first packet: far more than browsers and proxies send."""


class BoundedHead(HttpToolsProtocol):
    """Breaks off a request whose head does not end: the parser alone would keep as much as comes."""

    _in_head = False
    _head_bytes = 0

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        went_on = self._in_head
        super().data_received(data)
        if went_on and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
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
    """The names that the service answers to."""
    return [*_LOCAL_HOSTS, *settings.allowed_hosts]


def check_access(services: Services, host: str) -> None:
    """Raises PublicAddress where `host` can be reached from elsewhere, and anybody could do everything."""
    if services.api_keys.open and not (_is_local(host) or services.settings.private_network):
        raise PublicAddress


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a free port where `port` is 0. Raises AddressInUse."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return _listener((host, port), family)
    except OSError as error:
        raise AddressInUse(f"Emoline cannot listen on {host} port {port}: {error.strerror}.") from error


def divided(listener: socket.socket, number: int) -> list[socket.socket]:
    """As many sockets in the place of one, for a process each: the system gives them connections in equal parts.

    Of processes that share a socket the first to wake takes all connections that wait.
    """
    if number == 1:
        return [listener]
    address, family = listener.getsockname(), listener.family
    listener.close()  # until here the address was checked to be nobody else's
    return [_listener(address, family, shared=True) for _ in range(number)]


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[str]:
    """Answers requests while the context lasts; gives the URL."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedHead,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_CLOSE_CONNECTIONS_S,
        )
    )
    thread = Thread(target=server.run, args=([listener],), name="http")
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join()


def _listener(address: tuple[str, int], family: int, *, shared: bool = False) -> socket.socket:
    listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG, reuse_port=shared)
    # Every accepted connection inherits it. Without, the second part of an answer waits until the client's system has
    # acknowledged the first, which it takes 40 ms to do.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_local(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
