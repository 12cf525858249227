"""Fixtures that several kinds of test share: everything real, in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from shared.container import Services, open_services
from shared.settings import Settings
from worker.adapters.emotion2vec.model import Emotion2vecModel

# How long an example takes is the machine's affair: no test fails for being slow on a busy one.
settings.register_profile("emoline", deadline=None)
settings.load_profile("emoline")


class ManualClock:
    """`shared.ports.Clock` that stands still until it is told to move, so that leases run out without waiting."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_services(Settings(data_dir=tmp_path / "data")) as opened:
        yield opened


@pytest.fixture(scope="session")
def mini_model() -> Iterator[Emotion2vecModel]:
    """The bundled model in its process, loaded once for all tests."""
    with Emotion2vecModel("mini", segment_timeout_s=60) as model:
        model.start()
        yield model
