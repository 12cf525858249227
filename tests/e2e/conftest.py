"""The whole service, as `emoline serve` runs it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.service_client import Client


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="session")
def client(data_dir: Path) -> Iterator[Client]:
    settings = Settings(data_dir=data_dir)
    with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url) as opened:
        yield opened
