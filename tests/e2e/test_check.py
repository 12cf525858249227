"""`emoline check`: a database restored from a backup that is older than the store, and a store that lost objects."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import uuid_utils

from cli.embedded import embedded_service
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.services.object_keys import source_key
from shared.settings import Settings
from tests.support.command_line import emoline
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.postgres import postgres_program
from tests.support.service_client import Client

SPEECH = encoded(speech_like(6, seed=1).samples[:, None], 16_000, "flac")


@pytest.fixture(autouse=True)
def data_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLINE_DATA_DIR", str(tmp_path))


def test_rows_and_objects_of_a_restored_service_are_brought_together(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url) as client:
        whole, damaged = (client.ended(client.submit(SPEECH, name)["id"])["id"] for name in ("a.flac", "b.flac"))
        shutil.rmtree(tmp_path / "objects" / "jobs" / damaged / "audio")
        with open_services(settings, LocalWakeUps()) as services:
            orphan = "job_01900000-0000-7000-8000-000000000000"  # of 2024
            young = f"job_{uuid_utils.uuid7()}"
            for job_id in (orphan, young):
                with services.object_store.writer(source_key(job_id)) as writer:
                    writer.write(b"sound")
        found = emoline("check")
        assert found.returncode == 1
        assert found.stdout.splitlines() == [
            f"{damaged}: 2 objects are missing; it stays as it is.",
            f"{orphan}: objects without a job.",
        ]
        assert emoline("check", "--repair").returncode == 0
        assert emoline("check").returncode == 0
        answer = client.get(f"/v1/jobs/{damaged}/segments/0/audio")
        assert answer.status_code == 410, answer.text
        assert client.get(f"/v1/jobs/{damaged}/result").status_code == 200
        assert client.get(f"/v1/jobs/{whole}/segments/0/audio").status_code == 200
    assert {path.name for path in (tmp_path / "objects" / "jobs").iterdir()} == {whole, damaged, young}


def run(program: str, *arguments: str) -> None:
    subprocess.run([postgres_program(program), *arguments], check=True)


def test_a_backup_that_is_older_than_the_store_is_restored_as_documented(
    tmp_path: Path, postgres_url: str, bare_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of docs/how-to/back-up-and-restore.md."""
    backup = str(tmp_path / "emoline.dump")
    with (
        embedded_service(Settings(data_dir=tmp_path, database_url=postgres_url), "127.0.0.1", 0) as url,
        Client(base_url=url) as client,
    ):
        kept, gone = (client.ended(client.submit(SPEECH, name)["id"])["id"] for name in ("kept.flac", "gone.flac"))
        expected = client.get(f"/v1/jobs/{kept}/result").json()
        run("pg_dump", "--format=custom", f"--file={backup}", postgres_url)
        waiting = client.submit(SPEECH)["id"]  # made after the backup
        client.ended(waiting)
        assert client.delete(f"/v1/jobs/{gone}").status_code == 204
    run("pg_restore", f"--dbname={bare_postgres_url}", backup)
    monkeypatch.setenv("EMOLINE_DATABASE_URL", bare_postgres_url)
    assert emoline("migrate").returncode == 0
    said = emoline("check")
    assert said.returncode == 1
    assert [line.split(":")[0] for line in said.stdout.splitlines()] == [gone]  # the other may still be an upload
    assert emoline("check", "--repair").returncode == 0
    with (
        embedded_service(Settings(data_dir=tmp_path, database_url=bare_postgres_url), "127.0.0.1", 0) as url,
        Client(base_url=url) as client,
    ):
        assert client.get(f"/v1/jobs/{kept}/result").json() == expected
        assert client.get(f"/v1/jobs/{kept}/segments/0/audio").status_code == 200
        assert client.get(f"/v1/jobs/{gone}/result").status_code == 200
        assert client.get(f"/v1/jobs/{gone}/segments/0/audio").status_code == 410
        assert client.get(f"/v1/jobs/{waiting}").status_code == 404
        assert client.analysed(SPEECH)[0]["status"] == "succeeded"
