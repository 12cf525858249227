"""A TCP proxy that cuts connections in the middle, as networks do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Self
from urllib.parse import urlsplit


class CuttingProxy:
    """Stands before an HTTP server. A context manager.

    `cut` has the next connections end when they have brought some bytes; `fail` ends all and lets no other in; in the
    context `away`, it does so until that is left. `put` has the paths of all PUT requests.
    """

    def __init__(self, server_url: str) -> None:
        url = urlsplit(server_url)
        self._server = (url.hostname, url.port)
        self._after = 0
        self.cuts_left = 0
        self.put_paths: list[str] = []
        self._away = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = Lock()
        self._failed = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self, connections: int, after: int) -> None:
        """Ends all that are open, and the next ones after that many bytes of answers."""
        self._cut_open()
        self._after, self.cuts_left = after, connections

    def fail(self) -> None:
        self._failed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._cut_open()

    @contextmanager
    def away(self) -> Iterator[None]:
        self._away = True
        self._cut_open()
        try:
            yield
        finally:
            self._away = False

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._failed.is_set():
            self.fail()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        threads = []
        with suppress(OSError):
            while not self._failed.is_set():
                client = self._listener.accept()[0]
                if self._away:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                with self._lock:
                    self._open += [client, server]
                threads += [
                    Thread(target=self._forward, args=(client, server, None), daemon=True),
                    Thread(target=self._forward, args=(server, client, self._allowance()), daemon=True),
                ]
                for thread in threads[-2:]:
                    thread.start()
        self._end(threads)

    def _allowance(self) -> int | None:
        """Bytes that the next connection may bring; None for all."""
        if self.cuts_left == 0:
            return None
        self.cuts_left -= 1
        return self._after

    def _forward(self, source: socket.socket, target: socket.socket, allowance: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536 if allowance is None else min(65536, allowance)):
                if data.startswith(b"PUT "):  # a client begins a request when it has the answer to the last one
                    self.put_paths.append(data.split(b" ", 2)[1].decode())
                target.sendall(data)
                if allowance is not None:
                    allowance -= len(data)
        _shut(source)
        _shut(target)

    def _cut_open(self) -> None:
        with self._lock:
            for end in self._open:
                _shut(end)

    def _end(self, threads: list[Thread]) -> None:
        self._cut_open()
        for thread in threads:
            thread.join()
        for end in self._open:
            end.close()


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
