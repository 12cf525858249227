"""Fixtures of the contract tests; every contract of the stores is tested over SQLite and over Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.db.engine import open_engine
from shared.db.housekeeping import SqlHousekeeping
from shared.db.job_repository import SqlJobRepository
from shared.db.webhook_deliveries import SqlDeliveryQueue
from shared.db.work_queue import SqlWorkQueue
from shared.ports import DeliveryQueue, Housekeeping, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.servers.postgres import DatabaseClock
from tests.support.sqlite_template import place_database
from tests.support.stored_jobs import LEASE_S


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        place_database(tmp_path / "test.db")
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
    yield opened
    opened.dispose()


@pytest.fixture
def jobs(engine: Engine, clock: ManualClock) -> JobRepository:
    return SqlJobRepository(engine, clock)


@pytest.fixture
def queue(engine: Engine, clock: ManualClock) -> WorkQueue:
    return SqlWorkQueue(engine, clock, LEASE_S)


@pytest.fixture
def housekeeping(engine: Engine, clock: ManualClock) -> Housekeeping:
    return SqlHousekeeping(engine, clock)


@pytest.fixture
def webhooks(engine: Engine, clock: ManualClock) -> DeliveryQueue:
    return SqlDeliveryQueue(engine, clock)
