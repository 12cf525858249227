"""Fixtures that several kinds of test share: everything real, in a folder of the test's own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.servers.postgres import bare_postgres_url, postgres_server, postgres_template, postgres_url
from tests.support.servers.redis import redis_server, redis_url
from tests.support.sqlite_template import place_database
from worker.adapters.emotion2vec.model import Emotion2vecModel

__all__ = ["bare_postgres_url", "postgres_server", "postgres_template", "postgres_url", "redis_server", "redis_url"]

# How long an example takes is the machine's affair: no test fails for being slow on a busy one.
settings.register_profile("emoline", deadline=None)
settings.load_profile("emoline")

_LONGEST_FIRST = ("chaos", "e2e", "browser", "benchmarks", "adapters")
"""Folders whose files take longest. Begun last, one of them would keep one process busy while the others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {folder: place for place, folder in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: folders.get(item.nodeid.split("/")[1], len(folders)))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from all that was imported: its walks took a third of the CPU of tests/api."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    place_database(tmp_path / "data" / "emoline.db")
    with open_services(Settings(data_dir=tmp_path / "data"), LocalWakeUps()) as opened:
        yield opened


@pytest.fixture(scope="session")
def mini_model() -> Iterator[Emotion2vecModel]:
    """The bundled model in its process, loaded once for all tests."""
    with Emotion2vecModel("mini", segment_timeout_s=60) as model:
        model.start()
        yield model
