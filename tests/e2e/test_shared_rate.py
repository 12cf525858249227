"""Several processes that answer count a tenant's requests together, and let all through when they cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.embedded_process import children_of
from tests.support.processes import Process, url_of, wait_for
from tests.support.servers.redis import RedisServer
from tests.support.service_client import Client
from tests.support.waiting import wait_until

PROCESSES = 2
MOST = 5
CLIENTS = 24
"""Connections are spread by chance over the processes: of so many, each has far more than would be within the limit."""


@pytest.fixture
def broker() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def serve(postgres_url: str, broker: RedisServer, tmp_path: Path) -> Iterator[Process]:
    environment = {
        "EMOLINE_DATABASE_URL": postgres_url,
        "EMOLINE_BROKER_URL": broker.url,
        "EMOLINE_DATA_DIR": str(tmp_path / "data"),
        "EMOLINE_API_PROCESSES": str(PROCESSES),
        "EMOLINE_LIMITS__REQUESTS_PER_S": str(MOST),
    }
    with Process(tmp_path / "serve.log", environment, "serve", "--port", "0") as process:
        wait_for(process)
        yield process


def asked_at_once(clients: list[Client]) -> tuple[list[int], float]:
    """The statuses of a request from each client, and how many seconds they took together."""
    began = time.monotonic()
    statuses = [client.get("/v1/jobs").status_code for client in clients]
    return statuses, time.monotonic() - began


def test_processes_share_a_tenants_rate_and_count_nothing_without_the_broker(
    serve: Process, broker: RedisServer
) -> None:
    assert len(children_of(serve.process.pid)) == PROCESSES
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(base_url=url_of(serve))) for _ in range(CLIENTS)]
        for client in clients:
            client.get("/livez")  # so that all are connected
        asked_at_once(clients)  # and every process has looked something up
        time.sleep(1.5)
        statuses, took = asked_at_once(clients)
        assert statuses.count(200) <= MOST * (int(took) + 1)
        assert set(statuses) == {200, 429}
        broker.kill()
        asked_at_once(clients)
        for _ in range(3):
            statuses, took = asked_at_once(clients)
            assert set(statuses) == {200}
            assert took < 5
        assert 1 <= serve.output.count("rates.not_counted") <= PROCESSES
        broker.start()
        wait_until(lambda: 429 in asked_at_once(clients)[0])
