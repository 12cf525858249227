"""The whole service over Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from cli.embedded import embedded_service
from shared.db.engine import open_engine
from shared.settings import Settings
from tests.support.command_line import emoline
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.results import equal
from tests.support.service_client import Client

RATE = 16_000
SOUND = encoded(speech_like(30, seed=5).samples[:, None], RATE, "wav")


def test_a_recording_has_the_same_result_as_over_sqlite(client: Client, postgres_url: str, tmp_path: Path) -> None:
    _, expected = client.analysed(SOUND)
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url) as over_postgres:
        job, result = over_postgres.analysed(SOUND)
        assert over_postgres.get("/v1/jobs").json()["data"][0]["id"] == job["id"]
        assert over_postgres.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert over_postgres.get(f"/v1/jobs/{job['id']}").status_code == 410
    assert equal(
        [segment["scores"] for segment in result["segments"]],
        [expected_segment["scores"] for expected_segment in expected["segments"]],
    )
    assert equal(result["timeline"], expected["timeline"])
    assert not (tmp_path / "emoline.db").exists()


def test_migrate_sets_a_database_up_and_serve_says_that_it_is_needed(
    bare_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOLINE_DATABASE_URL", bare_postgres_url)
    monkeypatch.setenv("EMOLINE_DATA_DIR", str(tmp_path))
    refused = emoline("serve", "--port", "0")
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "run `emoline migrate`" in " ".join(refused.stderr.split())
    assert "is up to date" in " ".join(emoline("migrate").stdout.split())
    engine = open_engine(bare_postgres_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM segments")) == 0
    engine.dispose()
