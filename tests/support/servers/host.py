"""A host of recordings for tests: a real server on this machine that sends scripted responses byte for byte."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

Script = Callable[[socket.socket], None]
"""Answers one request over its connection, which is closed afterwards."""


def says(body: bytes = b"", status: str = "200 OK", headers: str = "", length: int | None = None) -> Script:
    """A response with its length, or with a false `length`; `headers` end in CRLF."""

    def answer(connection: socket.socket) -> None:
        size = len(body) if length is None else length
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body)

    return answer


def raw(*pieces: bytes, every_s: float = 0) -> Script:
    """These bytes, with pauses between."""

    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every_s)

    return answer


def redirects(url: str, status: int = 302) -> Script:
    return says(status=f"{status} Elsewhere", headers=f"Location: {url}\r\n")


def chunks(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> Script:
    """An answer in chunks."""
    chunked = (b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *chunked, end)


@dataclass(slots=True)
class Host:
    """`scripts` maps paths to responses, other paths are 404; `asked` lists the requested paths."""

    address: str
    port: int
    scheme: str
    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}:{self.port}"

    def at(self, path: str, script: Script) -> str:
        """Answer `path` by `script` and return its URL."""
        self.scripts[path.partition("?")[0]] = script
        return f"{self.url}{path}"


@contextmanager
def hosting(address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    """A host on a free port of this machine."""
    with socket.create_server((address, 0), backlog=64) as listener:
        host = Host(address, listener.getsockname()[1], "https" if tls else "http")
        thread = Thread(target=_accept, args=(listener, host, tls), daemon=True)
        thread.start()
        try:
            yield host
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, host: Host, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            connection = listener.accept()[0]
            host.connections += 1
            Thread(target=_serve, args=(connection, host, tls), daemon=True).start()


def _serve(connection: socket.socket, host: Host, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError), connection:  # clients that hang up are part of the tests
        if tls:
            with tls.wrap_socket(connection, server_side=True) as secured:
                _answer(secured, host)
        else:
            _answer(connection, host)


def _answer(connection: socket.socket, host: Host) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            return
        head += piece
    path = head.split(b" ")[1].decode()
    host.asked.append(path)
    host.heads.append(head.decode())
    host.scripts.get(path.partition("?")[0], says(status="404 Not Found"))(connection)
