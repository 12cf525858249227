"""A network link between a process and a server, which can be cut, slowed, or silent in one direction."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Event, Lock, Thread
from typing import Self

TO_SERVER, TO_CLIENT = "to server", "to client"


class Link:
    """Forwards TCP connections to a server while the context lasts; clients connect to `port` of 127.0.0.1.

    In a silent direction nothing arrives and nothing is lost, as in a network whose packets are sent again until they
    pass: neither side sees an error, only that no answer comes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._all_ended = Condition(self._lock)
        self._ended = False
        self._is_cut = False
        self._delay_s = 0.0
        self._flows = {TO_SERVER: Event(), TO_CLIENT: Event()}
        for flow in self._flows.values():
            flow.set()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @contextmanager
    def cut(self) -> Iterator[None]:
        """End all connections and accept none while the context lasts."""
        self._is_cut = True
        self._shut_all()
        yield
        self._is_cut = False

    @contextmanager
    def silent(self, *directions: str) -> Iterator[None]:
        """Hold everything back in these directions while the context lasts."""
        for direction in directions:
            self._flows[direction].clear()
        yield
        for direction in directions:
            self._flows[direction].set()

    @contextmanager
    def slow(self, delay_s: float) -> Iterator[None]:
        """Delay each piece of up to 64 KiB while the context lasts."""
        self._delay_s = delay_s
        yield
        self._delay_s = 0.0

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._listener.shutdown(socket.SHUT_RDWR)
        for flow in self._flows.values():
            flow.set()
        self._thread.join()
        self._listener.close()
        self._shut_all()
        with self._lock:
            self._all_ended.wait_for(lambda: not self._open)

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._ended:
                client = self._listener.accept()[0]
                if self._is_cut:
                    client.close()
                    continue
                try:
                    server = socket.create_connection(self._server)
                except OSError:  # the server is away
                    client.close()
                    continue
                Thread(target=self._connect, args=(client, server), daemon=True).start()

    def _connect(self, client: socket.socket, server: socket.socket) -> None:
        """Forward both ways until either side ends the connection."""
        with client, server:
            with self._lock:
                self._open |= {client, server}
            back = Thread(target=self._forward, args=(server, client, TO_CLIENT), daemon=True)
            back.start()
            self._forward(client, server, TO_SERVER)
            back.join()
            with self._lock:
                self._open -= {client, server}
                self._all_ended.notify_all()

    def _forward(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self._delay_s)
                self._flows[direction].wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _shut_all(self) -> None:
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
