from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

import migrations
from shared.db.engine import migrate, open_engine
from shared.db.jobs import SqlJobStore
from shared.db.tables import Base
from tests.conftest import ManualClock

JOB = """
INSERT INTO jobs (id, state, recording, options, attempts, prepared, speech, created_at, fence)
VALUES ('job_1', 'inferring', '{}', '{}', 1, 1600, 1600, '2026-01-01 00:00:00', 1)
"""
SEGMENT = """
INSERT INTO segments (job_id, "index", channel, start, "end", speech, audio_key, status, emotion, attempts, fence)
VALUES ('job_1', 0, 0, 0, 1600, 1600, 'x.flac', 'pending', 'unknown', 0, 0)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    opened.dispose()


def steps(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["engine"] = engine
    return config


def test_the_migrations_make_the_tables_and_can_be_run_again(engine: Engine) -> None:
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_segments_from_before_there_were_flags_have_none_and_outlive_the_way_back(
    engine: Engine, clock: ManualClock
) -> None:
    command.upgrade(steps(engine), "0001")
    with engine.begin() as connection:
        connection.execute(text(JOB))
        connection.execute(text(SEGMENT))
    migrate(engine)
    jobs = SqlJobStore(engine, clock, lease_s=30)
    assert [result.segment.flags for result in jobs.results("job_1")] == [()]
    command.downgrade(steps(engine), "0001")
    with engine.connect() as connection:
        assert "flags" not in {column["name"] for column in inspect(connection).get_columns("segments")}
        assert connection.scalar(text("SELECT count(*) FROM segments")) == 1
