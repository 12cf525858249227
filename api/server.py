"""The HTTP server, which answers at an address while a context lasts."""

from __future__ import annotations

import gc
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import uvicorn
from fastapi import FastAPI

from api.connections import ConnectionLimits, limits_by_descriptors, protocol_within
from shared.container import Services
from shared.settings import Settings

_LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
_BACKLOG = 2048
_CLOSE_CONNECTIONS_S = 5
_COLLECT_AFTER = 50_000
"""New objects after which garbage in cycles is collected: by Python's 700, with every second request."""


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
def serving(app: FastAPI, listener: socket.socket, limits: ConnectionLimits | None = None) -> Iterator[str]:
    """Answer requests while the context lasts; yield the URL. Without `limits` they follow from the descriptors."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol_within(limits or limits_by_descriptors()),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_CLOSE_CONNECTIONS_S,
        )
    )
    # The result of a day is some hundred thousand objects, which the collector would look through again and again while
    # they are made: that took a quarter of the time. Only garbage in cycles waits longer, megabytes at most.
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
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
