"""HTTP requests to URLs that users give. They reach public addresses and networks that the operator allows only.

A name is resolved once, all its addresses are checked, and the connection goes to one of these: a name that resolves
differently the next time gains nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from threading import Event, Thread
from typing import Self
from urllib.parse import SplitResult

from shared.adapters.public_addresses import Address, Network, embedded_address, is_public
from shared.domain.urls import split_url

Resolver = Callable[[str, int], Sequence[str]]
"""Resolves a host and a port to addresses. Raises OSError or UnicodeError where there are none."""

_PORTS = {"http": 80, "https": 443}
_MOST_READ_BYTES = 16 * 1024
"""The most that is read of an unused answer: its sender would see an error if nothing of it were read."""
_PIECE_BYTES = 64 << 10
BLOCK_BYTES = 1 << 20
"""The size of the blocks of a body: each must arrive in time, and is worth storing at once."""
_CHECK_EVERY_S = 1.0


class Unreachable(Exception):
    """The answer is missing or incomplete. The message is for users and reveals nothing of the service's network."""


class Refused(Unreachable):
    """The URL leads to an address that is not allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]


def resolve(host: str, port: int) -> Sequence[str]:
    """Resolve with the system's resolver, as a `Resolver`."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Outgoing:
    """Sends requests to public addresses and to those in the networks `allowed`."""

    def __init__(self, allowed: Sequence[Network] = (), resolver: Resolver = resolve) -> None:
        self._allowed = allowed
        self._resolve = resolver

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()  # takes 50 ms, so it is made for the first request

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
        """Send a POST request and return the answer, a redirect too. Raises Unreachable after `timeout_s` seconds."""
        with self.request("POST", url, body, headers, timeout_s) as answer:
            with suppress(OSError, HTTPException):
                answer.response.read(_MOST_READ_BYTES)
            return Answer(answer.response.status, answer.headers)

    @contextmanager
    def request(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
        canceled: Callable[[], bool] = lambda: False,
    ) -> Iterator[StreamedAnswer]:
        """Send a request and open its answer. The connection is closed as soon as `canceled` returns True.

        Raises:
            Refused: the URL leads to an address that is not allowed.
            Unreachable: no answer began within `timeout_s` seconds.
        """
        try:
            parts = split_url(url)
        except ValueError as error:
            raise Refused("The URL cannot be used.") from error
        addresses = self._addresses(parts)
        until = time.monotonic() + timeout_s
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(self._connected(parts, addresses, until))
                watchdog = opened.enter_context(_Watchdog(connection.sock, until, canceled))
                connection.sock.settimeout(timeout_s)
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
                connection.request(method, target, body, {**headers, "Connection": "close"})
                response = opened.enter_context(connection.getresponse())
            except (OSError, HTTPException) as error:
                raise Unreachable(_reason(error, time.monotonic() >= until, timeout_s)) from error
            yield StreamedAnswer(response, watchdog)

    def _addresses(self, parts: SplitResult) -> list[Address]:
        """Resolve the host. Raises Refused if an address is not allowed, Unreachable if there are none."""
        try:
            addresses = [ip_address(address) for address in self._resolve(parts.hostname or "", _port(parts))]
        except (OSError, UnicodeError) as error:
            raise Unreachable("The host of the URL has no address.") from error
        if not addresses or not all(map(self._may_reach, addresses)):
            raise Refused("The URL leads to an address that is not public.")
        return addresses

    def _may_reach(self, address: Address) -> bool:
        embedded = embedded_address(address)
        allowed = any(address in network or embedded in network for network in self._allowed)
        return allowed or is_public(embedded)

    @contextmanager
    def _connected(self, parts: SplitResult, addresses: Sequence[Address], until: float) -> Iterator[HTTPConnection]:
        """Connect to the first address that accepts; the TLS handshake is left to the caller. Raises OSError."""
        host, port = parts.hostname or "", _port(parts)
        with _first_socket(addresses, port, until) as plain:
            if parts.scheme == "http":
                connection = HTTPConnection(host, port)
                connection.sock = plain
            else:
                connection = HTTPSConnection(host, port, context=self._tls)
                connection.sock = self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            try:
                yield connection
            finally:
                connection.close()


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _first_socket(addresses: Sequence[Address], port: int, until: float) -> socket.socket:
    failed = OSError()
    for address in addresses:
        try:
            return socket.create_connection((str(address), port), timeout=max(0.001, until - time.monotonic()))
        except OSError as error:
            failed = error
    raise failed


class _Watchdog:
    """Shuts a connection down at the time `until`, which may be changed, or when it is canceled.

    A server that sends a byte now and then would stay within every timeout of the socket.
    """

    def __init__(self, sock: socket.socket, until: float, canceled: Callable[[], bool]) -> None:
        self.until = until
        self.has_ended = False
        self._sock = sock
        self._canceled = canceled
        self._exited = Event()
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)

    def _run(self) -> None:
        while not self._exited.wait(max(0.0, min(_CHECK_EVERY_S, self.until - time.monotonic()))):
            if self.until <= time.monotonic() or self._canceled():
                self.has_ended = True
                with suppress(OSError):
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._exited.set()
        self._thread.join()


class StreamedAnswer:
    """An answer whose body is not read yet; names of `headers` are in lower case."""

    def __init__(self, response: HTTPResponse, watchdog: _Watchdog) -> None:
        self.response = response
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._watchdog = watchdog

    def blocks(self, stall_s: float, until: float) -> Iterator[bytes]:
        """Read the body in blocks of 1 MiB.

        Raises Unreachable where a block takes over `stall_s` seconds, or the body is incomplete at the monotonic time
        `until`.
        """
        while True:
            self._watchdog.until = min(until, time.monotonic() + stall_s)
            block = self._block()
            self._watchdog.until = until  # the caller takes its time with the block
            if not block:
                return
            yield block

    def _block(self) -> bytes:
        block = bytearray()
        try:
            while (missing := BLOCK_BYTES - len(block)) > 0:
                piece = self.response.read1(min(missing, _PIECE_BYTES))
                if not piece:
                    break
                block += piece
        except (OSError, HTTPException) as error:
            raise Unreachable(self._failure) from error
        if self._watchdog.has_ended or (len(block) < BLOCK_BYTES and self.response.length):
            raise Unreachable(self._failure)
        return bytes(block)

    @property
    def _failure(self) -> str:
        if self._watchdog.has_ended:
            return "It came too slowly and was given up."
        return "The connection broke off before all of it had come."


def _reason(error: Exception, late: bool, timeout_s: float) -> str:
    if late or isinstance(error, TimeoutError):
        return f"There was no answer within {timeout_s:g} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The certificate of the host is not valid."
    if isinstance(error, ConnectionRefusedError):
        return "The host refused the connection."
    return "The connection broke off before there was an answer."
