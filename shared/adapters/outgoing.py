"""Requests to URLs that users give: they reach the public internet and what the operator allows, and nothing else.

A name is resolved once, every address that it has is judged, and the connection goes to one of those: a name that leads
elsewhere the next time it is asked gains nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Timer
from urllib.parse import SplitResult

from shared.domain.web import split_url

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Addresses of a host. Raises OSError or UnicodeError where it has none."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_NEVER = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))
"""Public by their numbers, but clouds answer there with what is the machine's own: Oracle's and Azure's."""

_PORTS = {"http": 80, "https": 443}
_MOST_READ_BYTES = 16 * 1024
"""Of an answer's body, which nobody looks at: a receiver that has not been heard out would see an error."""


class Unreachable(Exception):
    """There was no answer. The message is a sentence that tells nothing of the network that Emoline is in."""


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
        self._tls = ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
        """What the URL answers within `timeout_s`; a redirect is an answer, and is not followed. Raises Unreachable."""
        try:
            parts = split_url(url)
        except ValueError as error:
            raise Unreachable("The URL cannot be used.") from error
        addresses = self._addresses(parts)
        until = time.monotonic() + timeout_s
        try:
            with self._connected(parts, addresses, until) as connection, _ended_at(until, connection.sock):
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                return _exchanged(connection, parts, body, headers)
        except (OSError, HTTPException) as error:
            raise Unreachable(_reason(error, time.monotonic() >= until, timeout_s)) from error

    def _addresses(self, parts: SplitResult) -> list[Address]:
        """Where the URL leads. Raises Unreachable where one of these may not be reached."""
        try:
            found = [ip_address(address) for address in self._resolve(parts.hostname or "", _port(parts))]
        except (OSError, UnicodeError) as error:
            raise Unreachable("The host of the URL has no address.") from error
        if not found or not all(map(self._may_reach, found)):
            raise Unreachable("The URL leads to an address that is not public.")
        return found

    def _may_reach(self, address: Address) -> bool:
        meant = _meant(address)
        return any(one in network for network in self._allowed for one in (address, meant)) or _is_public(meant)

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


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_global and address in _GLOBAL_UNICAST
    never = address.is_multicast or any(address in network for network in _NEVER)
    return address.is_global and not never


def _first_socket(addresses: Sequence[Address], port: int, until: float) -> socket.socket:
    failed = OSError()
    for address in addresses:
        try:
            return socket.create_connection((str(address), port), timeout=max(0.001, until - time.monotonic()))
        except OSError as error:
            failed = error
    raise failed


@contextmanager
def _ended_at(until: float, sock: socket.socket) -> Iterator[None]:
    """Ends the connection then: who sends a byte now and then would stay within every timeout."""

    def end() -> None:
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = Timer(until - time.monotonic(), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _exchanged(connection: HTTPConnection, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Answer:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection.request("POST", target, body, {**headers, "Connection": "close"})
    response = connection.getresponse()
    with suppress(OSError, HTTPException):
        response.read(_MOST_READ_BYTES)
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()})


def _reason(error: Exception, late: bool, timeout_s: float) -> str:
    if late or isinstance(error, TimeoutError):
        return f"There was no answer within {timeout_s:g} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The certificate of the host is not valid."
    if isinstance(error, ConnectionRefusedError):
        return "The host refused the connection."
    return "The connection broke off before there was an answer."
