"""Postgres takes no null character in a text: where one would get there, it is refused like anything else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
from sqlalchemy import URL

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.postgres import new_database
from tests.support.service_client import Client

SOUND = encoded(speech_like(3, seed=5).samples[:, None], 16_000, "wav")
NAME = b64encode(b"a\0b").decode()
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"filename {NAME}"}


@pytest.fixture(scope="module")
def over_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: URL, postgres_template: str
) -> Iterator[Client]:
    with new_database(postgres_server, postgres_template) as database_url:
        settings = Settings(data_dir=tmp_path_factory.mktemp("null"), database_url=database_url)
        with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url) as client:
            yield client


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/jobs?dominant=%00", 422),
        ("/v1/jobs?label=a%00", 422),
        ("/v1/jobs?cursor=job_%00", 422),
        ("/v1/jobs/job_%00", 404),
        ("/v1/uploads/upl_%00", 404),
        ("/v1/webhook-deliveries?cursor=%00", 422),
        ("/v1/webhook-endpoints/whe_%00", 404),
        ("/v1/keys/%00", 404),
    ],
)
def test_in_a_path_or_a_query(over_postgres: Client, path: str, status: int) -> None:
    answer = over_postgres.delete(path) if path.startswith("/v1/keys") else over_postgres.get(path)
    assert answer.status_code == status


def test_in_filters_of_deliveries(over_postgres: Client) -> None:
    assert over_postgres.get("/v1/webhook-deliveries?job_id=%00").status_code == 422


def test_in_the_name_of_a_recording(over_postgres: Client) -> None:
    config = {"config": '{"metadata": {"a": "\\u0000"}}'}
    assert over_postgres.post("/v1/jobs", files={"file": ("a\0b.wav", SOUND)}, data=config).status_code == 202
    assert over_postgres.post("/v1/jobs?filename=a%00b", content=SOUND).status_code == 202
    source = {"source": {"url": "https://calls.example/a.mp3"}, "filename": "a\0b"}
    assert over_postgres.post("/v1/jobs", json=source).status_code == 202
    assert over_postgres.get("/v1/jobs").status_code == 200
    assert over_postgres.post("/v1/uploads", json={"filename": "a\0b", "size_bytes": 10}).status_code == 201
    assert over_postgres.post("/v1/uploads/tus", headers=TUS).status_code == 201


def test_in_the_name_of_a_key_or_the_url_of_a_webhook(over_postgres: Client) -> None:
    url = {"url": "https://hooks.example/a\0b"}
    assert over_postgres.post("/v1/webhook-endpoints", json=url).status_code == 422
    assert over_postgres.post("/v1/keys", json={"name": "a\0b"}).status_code == 422
