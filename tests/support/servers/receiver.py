"""A receiver of webhooks for tests: a real HTTP server that records requests and sends the replies of a test."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Event, Lock

from tests.support.servers.serving import serving
from tests.support.waiting import PATIENCE_S

LOOPBACK = [ip_network("127.0.0.0/8")]
"""The networks of receivers, which requests to users' URLs must be allowed to reach."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """The receiver's reply, sent after `hang_s` seconds and once `hold` is set; none if `status` is None."""

    status: int | None = 204
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0
    hold: Event | None = None


class Receiver:
    """`answer` makes the reply to a request; `received` has the requests, `connections` is their number."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}/hook"
        self.received: list[Received] = []
        self.connections = 0
        self.answer: Callable[[Received], Reply] = lambda _: Reply()
        self.lock = Lock()


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.receiver = Receiver(server.server_port, "https" if tls else "http")
    with serving(server):
        yield server.receiver


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def verify_request(self, request: object, client_address: object) -> bool:
        self.receiver.connections += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up: they are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        with receiver.lock:
            receiver.received.append(received)
            reply = receiver.answer(received)
        time.sleep(reply.hang_s)
        if reply.hold:
            reply.hold.wait(PATIENCE_S)
        if reply.status is not None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""
