"""Requests to URLs that users give: they reach the public internet and what the operator allows, and nothing else.

A name is resolved once, every address that it has is judged, and the connection goes to one of those: a name that leads
elsewhere the next time it is asked gains nothing.
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

from shared.adapters.public_addresses import Address, Network, is_public, meant
from shared.domain.urls import split_url

Resolver = Callable[[str, int], Sequence[str]]
"""Addresses of a host. Raises OSError or UnicodeError where it has none."""

_PORTS = {"http": 80, "https": 443}
_MOST_READ_BYTES = 16 * 1024
"""Of an answer's body, which nobody looks at: a receiver that has not been heard out would see an error."""
_PIECE_BYTES = 64 << 10
BLOCK_BYTES = 1 << 20
"""Of a body that is read: what must come in time, and is worth storing at once."""
_LOOK_EVERY_S = 1.0


class Unreachable(Exception):
    """There was no answer, or not all of it. The message is a sentence that tells nothing of the network that Emoline
    is in."""


class Refused(Unreachable):
    """The URL leads where no request is sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]


def resolve(host: str, port: int) -> Sequence[str]:
    """`Resolver` of this system."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Outgoing:
    """Sends requests. Besides public addresses it reaches those in `allowed`."""

    def __init__(self, allowed: Sequence[Network] = (), resolver: Resolver = resolve) -> None:
        self._allowed = allowed
        self._resolve = resolver

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()  # a twentieth of a second, which who asks nothing need not spend

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
        """What the URL answers within `timeout_s`; a redirect is an answer, and is not followed. Raises Unreachable."""
        with self.asked("POST", url, body, headers, timeout_s) as answer:
            with suppress(OSError, HTTPException):
                answer.response.read(_MOST_READ_BYTES)
            return Answer(answer.response.status, answer.headers)

    @contextmanager
    def asked(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Iterator[Coming]:
        """What the URL answers, which begins within `timeout_s`; it ends as soon as it is `unwanted`.

        Raises:
            Refused: nothing may be asked of that URL.
            Unreachable.
        """
        parts = _parts(url)
        addresses = self._addresses(parts)
        until = time.monotonic() + timeout_s
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(self._connected(parts, addresses, until))
                watch = opened.enter_context(_Watch(connection.sock, until, unwanted))
                connection.sock.settimeout(timeout_s)
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                response = opened.enter_context(_answer(connection, method, parts, body, headers))
            except (OSError, HTTPException) as error:
                raise Unreachable(_reason(error, time.monotonic() >= until, timeout_s)) from error
            yield Coming(response, watch)

    def _addresses(self, parts: SplitResult) -> list[Address]:
        """Where the URL leads. Raises Refused where one of these may not be reached, Unreachable."""
        try:
            found = [ip_address(address) for address in self._resolve(parts.hostname or "", _port(parts))]
        except (OSError, UnicodeError) as error:
            raise Unreachable("The host of the URL has no address.") from error
        if not found or not all(map(self._may_reach, found)):
            raise Refused("The URL leads to an address that is not public.")
        return found

    def _may_reach(self, address: Address) -> bool:
        stood_for = meant(address)
        return any(one in network for network in self._allowed for one in (address, stood_for)) or is_public(stood_for)

    @contextmanager
    def _connected(self, parts: SplitResult, addresses: Sequence[Address], until: float) -> Iterator[HTTPConnection]:
        """A connection to the first address that takes it; TLS is still to begin. Raises OSError."""
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


def _parts(url: str) -> SplitResult:
    try:
        return split_url(url)
    except ValueError as error:
        raise Refused("The URL cannot be used.") from error


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


class _Watch:
    """A context in which a connection is ended at a time, or when it is unwanted: who sends a byte now and then would
    stay within every timeout. `until` may be put off."""

    def __init__(self, sock: socket.socket, until: float, unwanted: Callable[[], bool]) -> None:
        self.until = until
        self.has_ended = False
        self._sock = sock
        self._unwanted = unwanted
        self._left = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def _run(self) -> None:
        while not self._left.wait(max(0.0, min(_LOOK_EVERY_S, self.until - time.monotonic()))):
            if self.until <= time.monotonic() or self._unwanted():
                self.has_ended = True
                with suppress(OSError):
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()


class Coming:
    """An answer whose body is still to come."""

    def __init__(self, response: HTTPResponse, watch: _Watch) -> None:
        self.response = response
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._watch = watch

    def blocks(self, stall_s: float, until: float) -> Iterator[bytes]:
        """The body, in blocks of 1 MiB of which each comes within `stall_s`, all of it before `until`.

        Raises Unreachable.
        """
        while True:
            self._watch.until = min(until, time.monotonic() + stall_s)
            block = self._block()
            self._watch.until = until  # what is done with the block takes its time
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
            raise Unreachable(self._why) from error
        if self._watch.has_ended or (len(block) < BLOCK_BYTES and self.response.length):
            raise Unreachable(self._why)
        return bytes(block)

    @property
    def _why(self) -> str:
        if self._watch.has_ended:
            return "It came too slowly and was given up."
        return "The connection broke off before all of it had come."


def _answer(
    connection: HTTPConnection, method: str, parts: SplitResult, body: bytes | None, headers: Mapping[str, str]
) -> HTTPResponse:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection.request(method, target, body, {**headers, "Connection": "close"})
    return connection.getresponse()


def _reason(error: Exception, late: bool, timeout_s: float) -> str:
    if late or isinstance(error, TimeoutError):
        return f"There was no answer within {timeout_s:g} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The certificate of the host is not valid."
    if isinstance(error, ConnectionRefusedError):
        return "The host refused the connection."
    return "The connection broke off before there was an answer."
