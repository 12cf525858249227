"""A Postgres that lags behind is promoted: jobs that it had not received are gone and told so, and the rest ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.settings import Settings
from tests.chaos import witness
from tests.support.api_client import assert_problem
from tests.support.infer import FakeModel, prepared
from tests.support.media.case import spoken
from tests.support.servers.postgres import PostgresServer, execute, running_postgres
from tests.support.waiting import wait_until
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage


class Pair:
    """A primary and its standby."""

    def __init__(self, primary: PostgresServer, standby: PostgresServer) -> None:
        self._primary = primary
        self._standby = standby

    def cut(self) -> None:
        """Let the standby receive all that is committed, and nothing from then on."""
        with (
            psycopg.connect(self._primary.url.render_as_string(), autocommit=True) as primary,
            psycopg.connect(self._standby.url.render_as_string(), autocommit=True) as standby,
        ):
            position = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
            assert position

            def caught_up() -> bool:
                behind = standby.execute("SELECT pg_last_wal_replay_lsn() < %s", position).fetchone()
                return behind == (False,)

            def silent() -> bool:
                return standby.execute("SELECT FROM pg_stat_wal_receiver").fetchone() is None

            wait_until(caught_up)
            execute(self._standby.url, sql.SQL("ALTER SYSTEM SET primary_conninfo = ''"))
            standby.execute("SELECT pg_reload_conf()")
            wait_until(silent)

    def fail_over(self) -> None:
        """Stop the primary and promote the standby, which answers at the same address."""
        self._standby.take_over(self._primary)


@pytest.fixture
def pair(postgres_server: object) -> Iterator[tuple[str, Pair]]:
    """The URL of a database with the newest schema, and its servers. Left out where there is none of our own."""
    with running_postgres() as primary, running_postgres(primary=primary.url) as standby:
        yield primary.url.render_as_string(), Pair(primary, standby)


def test_a_replica_that_lags_loses_what_it_did_not_have_and_nothing_else(
    pair: tuple[str, Pair], tmp_path: Path
) -> None:
    url, servers = pair
    engine = open_engine(url)
    migrate(engine)
    witness.install(engine)
    settings = Settings(data_dir=tmp_path, database_url=url)
    with (
        open_services(settings, LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):

        def submit() -> str:
            answer = client.post("/v1/jobs", content=spoken("wav"), headers={"Idempotency-Key": "lost"})
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

        job_id = prepared(services, 3)
        servers.cut()
        lost = submit()
        # The claim of this worker is lost as well, in the middle of its work.
        InferStage(services, FakeModel(servers.fail_over)).run_once()
        assert_problem(client.get(f"/v1/jobs/{lost}"), 404, "job_not_found")
        assert (tmp_path / "objects" / "jobs" / lost).exists()
        again = submit()
        assert again != lost
        assert client.get(f"/v1/jobs/{again}").json()["status"] == "queued"
        assert witness.recorded(engine) == {}  # the lost claim recorded nothing under a fence that is unknown now
        assert InferStage(services, FakeModel()).run_once()
        assert FinishStage(services).run_once()
        job = client.get(f"/v1/jobs/{job_id}").json()
        assert job["status"] == "succeeded"
        assert witness.recorded(engine)[job_id] == {0: 1, 1: 1, 2: 1}
    engine.dispose()
