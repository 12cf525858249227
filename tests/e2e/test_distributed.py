"""The distributed service: an API without workers, and workers in processes of their own, over Redis and Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import URL, text
from standardwebhooks import Webhook

from cli.embedded import embedded_service
from shared.db.engine import open_engine
from shared.settings import Settings
from tests.support.command_line import emoline
from tests.support.embedded_process import FOUR_MINUTES, half_done
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.processes import Process, api, wait_for
from tests.support.results import equal
from tests.support.servers.postgres import new_database
from tests.support.servers.receiver import receiving
from tests.support.service_client import Client
from tests.support.waiting import wait_until

RATE = 16_000
SOUND = encoded(speech_like(30, seed=5).samples[:, None], RATE, "wav")


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: URL, postgres_template: str, redis_server: str
) -> Iterator[dict[str, str]]:
    with new_database(postgres_server, postgres_template) as url:
        yield {
            "EMOLINE_DATABASE_URL": url,
            "EMOLINE_BROKER_URL": redis_server,
            "EMOLINE_DATA_DIR": str(tmp_path_factory.mktemp("distributed")),
            "EMOLINE_BATCH_AUDIO_S": "30",
        }


@pytest.fixture(scope="module")
def distributed(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Client]:
    """The API, beat and who finishes; tests have workers of their own for the rest."""
    folder = tmp_path_factory.mktemp("logs")
    with workers(folder, environment, "beat", "finish") as (beat, finish), api(folder, environment) as opened:
        yield opened
        assert ended(beat, finish) == [0, 0]


@contextmanager
def workers(folder: Path, environment: dict[str, str], *roles: str) -> Iterator[list[Process]]:
    with ExitStack() as stack:
        names = [f"{role}-{len(list(folder.glob(f'{role}-*')))}.log" for role in roles]
        started = [
            stack.enter_context(Process(folder / name, environment, "worker", role))
            for name, role in zip(names, roles, strict=True)
        ]
        wait_for(*started)
        yield started


def ended(*processes: Process) -> list[int]:
    """The exit statuses of processes that are told to end."""
    for process in processes:
        process.terminate()
    return [process.status() for process in processes]


def attempts(url: str, job_id: str) -> tuple[int, int]:
    """The attempts at the job's current stage, 0 once it has ended, and the most attempts at one of its segments."""
    engine = open_engine(url)
    with engine.connect() as connection:
        job = connection.scalar(text("SELECT attempts FROM jobs WHERE id = :id"), {"id": job_id})
        segments = connection.scalar(text("SELECT max(attempts) FROM segments WHERE job_id = :id"), {"id": job_id})
    engine.dispose()
    return int(job or 0), int(segments or 0)


def test_a_recording_has_the_same_result_as_in_one_process(
    client: Client, distributed: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    _, expected = client.analysed(SOUND)
    before = distributed.get("/readyz")
    assert before.status_code == 503
    assert before.json()["problems"] == ["No worker answers for deliver, infer, prepare."]
    job_id = distributed.submit(SOUND)["id"]
    assert distributed.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"
    wait_until(lambda: distributed.get(f"/v1/jobs/{job_id}").json()["waits_for"] == "prepare")
    roles = ("prepare", "infer", "deliver")
    with workers(tmp_path, environment, *roles) as started, pytest.MonkeyPatch.context() as patched:
        ended_job = distributed.ended(job_id)
        assert (ended_job["status"], ended_job["waits_for"]) == ("succeeded", None)
        result = distributed.get(f"/v1/jobs/{job_id}/result").json()
        assert distributed.get("/readyz").json() == {"status": "ready", "problems": []}
        for name, value in environment.items():
            patched.setenv(name, value)
        assert emoline("worker", "infer", "--check").returncode == 0
        assert ended(*started) == [0, 0, 0]
        assert emoline("worker", "infer", "--check").returncode == 1
        patched.setenv("EMOLINE_BROKER_URL", "redis://127.0.0.1:1/0")
        away = emoline("worker", "finish", "--check")
        assert (away.returncode, "Traceback" in away.stderr) == (1, False)
    assert equal(
        [segment["scores"] for segment in result["segments"]], [segment["scores"] for segment in expected["segments"]]
    )
    assert equal(result["timeline"], expected["timeline"])


def test_stopping_workers_give_back_unfinished_work(
    distributed: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    job_id = distributed.submit(FOUR_MINUTES, segmentation={"vad": "silero"})["id"]
    with workers(tmp_path, environment, "prepare") as (prepare,):
        wait_until(lambda: distributed.get(f"/v1/jobs/{job_id}").json()["progress"]["segments_total"])
        assert distributed.get(f"/v1/jobs/{job_id}").json()["stage"] == "preparing"
        assert ended(prepare) == [0]
        assert "given_back" in prepare.output
    assert attempts(environment["EMOLINE_DATABASE_URL"], job_id) == (0, 0)
    with workers(tmp_path, environment, "prepare", "infer") as (_, infer):
        half_done(distributed, job_id)
        assert ended(infer) == [0]
        assert attempts(environment["EMOLINE_DATABASE_URL"], job_id)[1] == 1
        with workers(tmp_path, environment, "infer"):
            assert distributed.ended(job_id)["status"] == "succeeded"
    assert attempts(environment["EMOLINE_DATABASE_URL"], job_id) == (0, 1)


def test_webhooks_are_delivered_by_the_deliver_worker(
    distributed: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    allowed = environment | {"EMOLINE_ALLOWED_NETWORKS": '["127.0.0.0/8"]'}
    with receiving() as receiver, workers(tmp_path, allowed, "deliver") as (deliver,):
        secret = distributed.post("/v1/webhook-secret/rotate").json()["secret"]
        job = distributed.submit(SOUND, webhook_url=receiver.url)
        assert distributed.post(f"/v1/jobs/{job['id']}/cancel").status_code == 202
        wait_until(lambda: receiver.received, lambda: deliver.output)
        assert ended(deliver) == [0]
    (request,) = receiver.received
    event = Webhook(secret).verify(request.body, request.headers)
    assert (event["type"], event["data"]["id"]) == ("job.canceled", job["id"])


def test_a_worker_without_its_requirements_ends_with_a_sentence(
    tmp_path: Path, bare_postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EMOLINE_DATABASE_URL", bare_postgres_url)
    alone = emoline("worker", "infer")
    assert (alone.returncode, "set EMOLINE_BROKER_URL" in " ".join(alone.stderr.split())) == (1, True)
    monkeypatch.setenv("EMOLINE_BROKER_URL", redis_url)
    for role in ("prepare", "infer", "finish", "deliver"):
        refused = emoline("worker", role)
        assert refused.returncode == 1
        assert "run `emoline migrate`" in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr


def test_two_whole_services_on_one_database_share_the_work_and_lose_none(tmp_path: Path, postgres_url: str) -> None:
    sounds = [
        encoded(np.roll(speech_like(20, seed=9).samples, shift * RATE)[:, None], RATE, "flac") for shift in range(6)
    ]
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    with (
        embedded_service(settings, "127.0.0.1", 0) as first,
        embedded_service(settings, "127.0.0.1", 0) as second,
        Client(base_url=first) as first_client,
        Client(base_url=second) as second_client,
    ):
        ids = [(first_client, second_client)[index % 2].submit(sound)["id"] for index, sound in enumerate(sounds)]
        assert {first_client.ended(job_id)["status"] for job_id in ids} == {"succeeded"}
    assert {attempts(postgres_url, job_id) for job_id in ids} == {(0, 1)}
