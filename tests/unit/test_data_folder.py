"""The folder of the embedded service: who may read it, and a database in it that is damaged, foreign or gone."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.db.engine import DatabaseUnusable, open_engine
from shared.db.sessions import Sessions
from shared.db.tables import JobRow
from shared.domain.errors import DatabaseUnavailable, StoreUnavailable
from shared.settings import Settings
from tests.support.api_client import assert_problem, post_raw


def test_nobody_else_reads_what_people_said(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with (
        open_services(Settings(data_dir=folder), LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):
        assert post_raw(client).status_code == 202
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def text(file: Path) -> None:
    file.write_text("no database at all, " * 1000)


def other_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE jobs (pay INTEGER)")


def cut(file: Path) -> None:
    with open_services(Settings(data_dir=file.parent), LocalWakeUps()):
        pass
    file.write_bytes(file.read_bytes()[: 3 * 4096])


@pytest.mark.parametrize("spoil", [text, other_tables, cut])
def test_a_database_that_is_none_of_ours_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "emoline.db")
    with (
        pytest.raises(DatabaseUnusable, match=r"emoline\.db"),
        open_services(Settings(data_dir=tmp_path), LocalWakeUps()),
    ):
        pass
    assert spoil is cut or b"alembic_version" not in (tmp_path / "emoline.db").read_bytes()


def test_a_folder_that_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreUnavailable, match="cannot be used"),
        open_services(Settings(data_dir=tmp_path / "file" / "data"), LocalWakeUps()),
    ):
        pass


def delete(file: Path) -> None:
    file.unlink()


def replace(file: Path) -> None:
    file.unlink()
    text(file)


@pytest.mark.parametrize("spoil", [delete, replace])
def test_nothing_is_accepted_once_the_database_is_gone(services: Services, spoil: Callable[[Path], None]) -> None:
    with TestClient(create_app(services, ["testserver"])) as client:
        assert post_raw(client).status_code == 202
        spoil(services.settings.data_dir / "emoline.db")
        assert_problem(post_raw(client), 503, "database_unavailable")
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200


def test_a_database_that_is_damaged_meanwhile_is_an_outage(tmp_path: Path) -> None:
    text(tmp_path / "emoline.db")
    sessions = Sessions(open_engine(f"sqlite:///{tmp_path / 'emoline.db'}"))
    with pytest.raises(DatabaseUnavailable), sessions() as session:
        session.get(JobRow, "job_1")
