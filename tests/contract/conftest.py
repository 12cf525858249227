"""Every contract of the job store is tested over SQLite and over Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db.engine import open_engine
from shared.db.jobs import SqlJobStore
from shared.db.schema import migrate
from shared.ports import JobStore
from tests.support.clock import ManualClock
from tests.support.servers.postgres import DatabaseClock
from tests.support.stored_jobs import LEASE_S


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock(database_url: str) -> ManualClock:
    """The clock that leases run on."""
    return ManualClock() if database_url.startswith("sqlite") else DatabaseClock(database_url)


@pytest.fixture
def engine(database_url: str, clock: ManualClock) -> Iterator[Engine]:
    """A database with the newest schema."""
    opened = open_engine(database_url)
    if opened.dialect.name == "sqlite":
        migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def jobs(engine: Engine, clock: ManualClock) -> JobStore:
    return SqlJobStore(engine, clock, LEASE_S)
