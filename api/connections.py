"""Connections to the HTTP server: how many there may be, and how long each may take for the head of a request."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEADER_BYTES = 64 * 1024
"""Largest request headers after their first packet: far more than browsers and proxies send."""
_HEAD_S = 15.0
_MOST_CONNECTIONS = 8192
"""Each takes some 20 kB."""
_MOST_DESCRIPTORS = 65_536


class ConnectionLimits:
    """The most connections in all and from one address, and the seconds for a head; with the present connections.

    A proxy is one address, so that the half is for it.
    """

    def __init__(self, total: int, head_s: float = _HEAD_S) -> None:
        self.total = total
        self.per_address = max(1, total // 2)
        self.head_s = head_s
        self._addresses: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a connection, and return whether it may stay."""
        self._addresses[address] += 1
        return self._addresses.total() <= self.total and self._addresses[address] <= self.per_address

    def leave(self, address: str) -> None:
        """Count a connection no more."""
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]


def limits_by_descriptors() -> ConnectionLimits:
    """Return limits that leave the work a quarter of the descriptors that this process may have, and raise these."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    descriptors = allowed if soft == resource.RLIM_INFINITY else soft
    return ConnectionLimits(min(_MOST_CONNECTIONS, descriptors * 3 // 4))


class LimitedProtocol(HttpToolsProtocol):
    """A connection that is refused where there are too many, and ends where a head does not come or does not end.

    The parser alone would wait for it for ever and buffer all of it.
    """

    limits: ClassVar[ConnectionLimits]
    _address = ""
    _in_headers = False
    _header_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if self.limits.enter(self._address):
            self.await_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.leave(self._address)
        self.stop_waiting()
        super().connection_lost(exc)

    def await_head(self) -> None:
        """Drop the connection unless a head is complete in time."""
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_s, self.transport.abort)

    def stop_waiting(self) -> None:
        """Wait for no head any more."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def on_message_begin(self) -> None:
        self._in_headers, self._header_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self.stop_waiting()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:  # empty lines, too, must not keep a connection open
            self.await_head()
        headers_continue = self._in_headers
        super().data_received(data)
        if headers_continue and self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > _MAX_HEADER_BYTES:
                self.send_400_response("The head of the request is too large.")


def protocol_within(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """Return the protocol of a server whose connections share `limits`."""
    return type("ServerProtocol", (LimitedProtocol,), {"limits": limits})
