"""Errors of a database: outages, and bugs."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from shared.db.engine import open_engine
from shared.db.job_repository import SqlJobRepository
from shared.db.schema import migrate
from shared.db.sessions import Sessions
from shared.db.work_queue import SqlWorkQueue
from shared.domain.errors import DatabaseUnavailable, StorageFull
from shared.ports import JobFilter
from tests.support.clock import ManualClock
from tests.support.stored_jobs import LEASE_S, claimed, new_job, stored
from tests.support.waiting import wait_until

CLOCK = ManualClock()
RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite database with the newest schema."""
    file = tmp_path / "folder" / "test.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def sqlite(file: Path) -> Iterator[Engine]:
    """An engine for that database that hardly waits for others."""
    engine = open_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 10"))
    yield engine
    engine.dispose()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    yield engine
    engine.dispose()


def execute(engine: Engine, statement: str) -> None:
    with Sessions(engine).begin() as session:
        session.execute(text(statement))


def test_a_new_sqlite_file_that_another_process_locks_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = Timer(0.3, other.rollback)
    release.start()
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    release.join()
    other.close()


def test_a_write_to_sqlite_on_a_full_disk_fails_and_can_be_repeated(sqlite: Engine) -> None:
    jobs, queue = SqlJobRepository(sqlite, CLOCK), SqlWorkQueue(sqlite, CLOCK, LEASE_S)
    new_job(jobs, CLOCK)
    claim = claimed(queue.claim_preparation())
    with sqlite.connect() as connection:  # the only connection of the pool
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageFull):
        queue.save(claim, claim.job, add=[stored(index, 20 * index) for index in range(300)])
    assert jobs.results(claim.job.id) == []
    with sqlite.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    queue.save(claim, claim.job, add=[stored(0)])
    assert len(jobs.results(claim.job.id)) == 1


def test_a_sqlite_file_that_another_process_locks_is_unavailable(file: Path, sqlite: Engine) -> None:
    jobs = SqlJobRepository(sqlite, CLOCK)
    locking = open_engine(f"sqlite:///{file}")
    with locking.begin(), pytest.raises(DatabaseUnavailable):
        new_job(jobs, CLOCK)
    assert new_job(jobs, CLOCK) == jobs.page(limit=9, after=None, job_filter=JobFilter()).jobs[0]
    locking.dispose()


def test_a_sqlite_file_whose_disk_is_gone_is_unavailable(file: Path, sqlite: Engine) -> None:
    shutil.move(file.parent, file.parent.with_name("elsewhere"))
    with pytest.raises(DatabaseUnavailable):
        SqlWorkQueue(sqlite, CLOCK, LEASE_S).claim_preparation()


def test_a_bug_is_no_outage_on_sqlite(sqlite: Engine) -> None:
    for statement in ("SELECT * FROM nothing", "SELECT", "INSERT INTO deleted_jobs (id) VALUES ('1')"):
        with pytest.raises(DBAPIError):
            execute(sqlite, statement)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "53300", "57014", "58030"])
def test_a_temporary_error_of_a_server_is_an_outage(postgres: Engine, sqlstate: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        execute(postgres, RAISE.format(sqlstate))


def test_a_server_without_room_is_full(postgres: Engine) -> None:
    with pytest.raises(StorageFull):
        execute(postgres, RAISE.format("53100"))


@pytest.mark.parametrize("sqlstate", ["23505", "42P01", "54000", "XX000"])
def test_a_bug_is_no_outage_of_a_server(postgres: Engine, sqlstate: str) -> None:
    with pytest.raises(DBAPIError):
        execute(postgres, RAISE.format(sqlstate))


def test_a_connection_that_the_server_ends_is_an_outage_and_is_replaced(postgres: Engine) -> None:
    with pytest.raises(DatabaseUnavailable):
        execute(postgres, "SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DatabaseUnavailable), Sessions(postgres).begin() as session:  # noqa: PT012
        session.execute(text("SET idle_in_transaction_session_timeout = 1"))
        wait_until(lambda: not session.scalar(text("SELECT 1")))  # until the server ends the connection in a pause
    execute(postgres, "SELECT 1")


def test_an_unreachable_server_is_an_outage() -> None:
    with pytest.raises(DatabaseUnavailable):
        execute(open_engine("postgresql://127.0.0.1:1/emoline"), "SELECT 1")


def test_connections_that_are_all_in_use_are_an_outage(postgres_url: str) -> None:
    url = postgres_url.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect(), pytest.raises(DatabaseUnavailable):
        execute(engine, "SELECT 1")
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_error_of_a_statement_hides_its_parameters(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(kind)
    statement = text("INSERT INTO deleted_jobs (id, tenant) VALUES (:id, :tenant)")
    with pytest.raises(DBAPIError) as raised, engine.begin() as connection:
        connection.execute(statement, {"id": "job_1", "tenant": "https://calls.example/?signature=5ecre7"})
    assert "deleted_jobs" in str(raised.value)
    assert "parameters hidden" in str(raised.value)
