"""The API over real services without workers, so that jobs stay queued."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.settings import Settings
from tests.support.sqlite_template import place_database


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services, ["testserver"])) as opened:
        yield opened


@pytest.fixture(scope="module")
def standing_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One client for all tests of a file that leave nothing behind on which another rests."""
    folder = tmp_path_factory.mktemp("data")
    place_database(folder / "emoline.db")
    with (
        open_services(Settings(data_dir=folder), LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as opened,
    ):
        yield opened
