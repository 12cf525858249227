"""Fixtures of the tests of uploads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.services.uploads import Uploads
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.sqlite_template import place_database


@pytest.fixture
def later(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    """Services on the test's clock."""
    place_database(tmp_path / "data" / "emoline.db")
    with open_services(Settings(data_dir=tmp_path / "data"), LocalWakeUps(), clock) as services:
        yield services


@pytest.fixture
def uploads(later: Services) -> Uploads:
    return later.uploads
