"""Migrations up and down on both databases, and the errors of a database with another schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.db.engine import DatabaseUnusable, open_engine
from shared.db.job_repository import SqlJobRepository
from shared.db.schema import alembic_config, check_schema, migrate
from shared.db.tables import Base
from shared.ports import JobFilter
from shared.settings import Settings
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[2]
MIGRATE = """
import sys
from shared.db.engine import open_engine
from shared.db.schema import migrate
engine = open_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
migrate(engine)
"""
JOB = """
INSERT INTO jobs (id, state, recording, options, attempts, prepared, speech, created_at, fence)
VALUES ('job_1', 'inferring', '{}', '{}', 1, 1600, 1600, '2026-01-01 00:00:00', 1)
"""
SEGMENT = """
INSERT INTO segments (job_id, "index", channel, start, "end", speech, audio_key, status, emotion, attempts, fence)
VALUES ('job_1', 0, 0, 0, 1600, 1600, 'x.flac', 'pending', 'unknown', 0, 0)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    bare: str = request.getfixturevalue("bare_postgres_url")
    return bare


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A database without any table."""
    opened = open_engine(url)
    yield opened
    opened.dispose()


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_the_migrations_make_the_tables_and_can_be_run_again(engine: Engine) -> None:
    migrate(engine)
    migrate(engine)
    check_schema(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_downgrade_leaves_nothing_and_can_be_repeated(engine: Engine) -> None:
    for _ in range(2):
        migrate(engine)
        assert tables(engine) == set(Base.metadata.tables)
        command.downgrade(alembic_config(engine), "base")
        assert tables(engine) == set()


def test_several_processes_can_migrate_together(engine: Engine, url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, url]
    processes = [Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(len(processes)) as pool:  # closes the inputs of all of them, which is the signal to begin
        assert list(pool.map(Popen.communicate, processes)) == [("", "")] * 4
    check_schema(engine)


def test_segments_older_than_flags_have_none_and_outlive_a_downgrade(engine: Engine, clock: ManualClock) -> None:
    command.upgrade(alembic_config(engine), "0001")
    with engine.begin() as connection:
        connection.execute(text(JOB))
        connection.execute(text(SEGMENT))
    migrate(engine)
    jobs = SqlJobRepository(engine, clock)
    assert [result.segment.flags for result in jobs.results("job_1")] == [()]
    command.downgrade(alembic_config(engine), "0001")
    with engine.connect() as connection:
        assert "flags" not in {column["name"] for column in inspect(connection).get_columns("segments")}
        assert connection.scalar(text("SELECT count(*) FROM segments")) == 1


def test_a_schema_of_a_newer_emoline_is_left_alone(engine: Engine, url: str, tmp_path: Path) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="at version 9999, which this Emoline does not know"):
        migrate(engine)
    with (
        pytest.raises(DatabaseUnusable, match="Update this one"),
        open_services(Settings(data_dir=tmp_path, database_url=url), LocalWakeUps()),
    ):
        pass


def test_the_database_of_a_server_is_migrated_by_hand_only(bare_postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=bare_postgres_url)
    engine = open_engine(bare_postgres_url)
    with (
        pytest.raises(DatabaseUnusable, match=r"was never set up.*run `emoline migrate`"),
        open_services(settings, LocalWakeUps()),
    ):
        pass
    command.upgrade(alembic_config(engine), "0001")
    with (
        pytest.raises(DatabaseUnusable, match="at version 0001, and this Emoline needs"),
        open_services(settings, LocalWakeUps()),
    ):
        pass
    migrate(engine)
    engine.dispose()
    with open_services(settings, LocalWakeUps()) as services:
        assert services.reader.page(limit=1, after=None, job_filter=JobFilter()).views == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_postgres_uses_the_installed_driver(postgres_url: str, scheme: str) -> None:
    engine = open_engine(postgres_url.replace("postgresql", scheme, 1))
    check_schema(engine)
    engine.dispose()


def test_the_parameters_of_the_url_count(postgres_url: str) -> None:
    engine = open_engine(f"{postgres_url}?application_name=mine")
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "mine"
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://me:secret@host/db", "must begin with postgresql:// or sqlite://, not mysql://"),
        ("me:secret@host", "is no URL like postgresql://user:password@host/name"),
        ("postgresql://me:secret@host:port/db", "is no URL like postgresql://user:password@host/name"),
        (
            "postgresql://me:secret@127.0.0.1:1/db",
            r"postgresql\+psycopg://me:\*\*\*@127.0.0.1:1/db cannot be used",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(url: str, message: str) -> None:
    with pytest.raises(DatabaseUnusable, match=message) as raised:
        check_schema(open_engine(url))
    assert "secret" not in str(raised.value)
