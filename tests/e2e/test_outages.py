"""The database stops, the store goes away, the disk is full: requests are told, and no job suffers for it."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from cli.embedded import embedded_service
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.domain.errors import DatabaseUnavailable, StoreUnavailable
from shared.domain.job import MAX_ATTEMPTS, JobState
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.analysed import submitted
from tests.support.api_routes import BODIES, HEADERS, IDS, refusal, status_and_code
from tests.support.clock import ManualClock
from tests.support.embedded_process import FOUR_MINUTES, half_done, log_of, served
from tests.support.infer import FakeModel, prepared
from tests.support.media.case import spoken
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.postgres import PostgresServer, new_database, running_postgres
from tests.support.servers.s3 import s3_servers
from tests.support.service_client import Client
from tests.support.waiting import wait_until
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.container import prepare_work
from worker.pipeline_builder import build_decoder
from worker.stages.finish import FinishStage
from worker.stages.infer import InferStage

RATE = 16_000
VOICE = speech_like(30, seed=21).samples[:, None]
NOISY = VOICE + np.random.default_rng(1).normal(0, 300, VOICE.shape).astype(np.int16)
SMALL = 420_000
"""Bytes that the recording has less than as MP3; a segment, which is FLAC, has more."""


@pytest.fixture(scope="module")
def server(postgres_server: object) -> Iterator[PostgresServer]:
    """A server that may be stopped. Left out where there is none of our own."""
    with running_postgres() as running:
        yield running


@pytest.fixture
def database_url(server: PostgresServer) -> Iterator[str]:
    with new_database(server.url) as url:
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop_hard()
    try:
        yield
    finally:
        server.start()


def test_every_route_reports_a_database_outage_and_recovers(
    server: PostgresServer, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    with (
        open_services(settings, LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):
        paths = client.get("/openapi.json").json()["paths"]
        requests = [(method, path) for path in paths for method in paths[path] if path.startswith("/v1/")]
        job = client.post("/v1/jobs", content=spoken("wav")).json()
        for _ in range(2):  # connections that broke in use, then ones that are refused
            with stopped(server):
                for method, path in requests:
                    route = (method.upper(), path)
                    content = spoken("wav") if path == "/v1/jobs" else None
                    filled = path.format(**(IDS | {"job_id": job["id"]}))
                    headers, body = HEADERS.get(route), BODIES.get(route)
                    answer = client.request(method, filled, json=body, content=content, headers=headers)
                    assert status_and_code(answer) == refusal(route[0], 503, "database_unavailable"), route
                    assert int(answer.headers["retry-after"]) > 0
                assert client.get("/livez").status_code == 200
                assert client.get("/readyz").status_code == 503
            assert client.get(f"/v1/jobs/{job['id']}").json() == job
            assert client.get("/readyz").status_code == 200


def test_a_job_in_hand_outlives_restarts_of_the_database(
    server: PostgresServer, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, batch_audio_s=30)
    with (
        embedded_service(settings, "127.0.0.1", 0) as url,
        Client(base_url=url) as client,
    ):
        job_id = client.submit(FOUR_MINUTES)["id"]
        with stopped(server):  # while it is prepared
            time.sleep(2)
        half_done(client, job_id)
        with stopped(server):  # while it is analysed
            assert client.get(f"/v1/jobs/{job_id}").json()["code"] == "database_unavailable"
            time.sleep(2)
        job = client.ended(job_id)
        result = client.get(f"/v1/jobs/{job_id}/result").json()
    assert job["status"] == "succeeded"
    assert [segment["index"] for segment in result["segments"]] == list(range(job["progress"]["segments_total"]))
    assert {segment["status"] for segment in result["segments"]} == {"ok"}


def test_segments_in_hand_when_the_database_stops_are_given_back_untried(
    server: PostgresServer, database_url: str, tmp_path: Path
) -> None:
    def stop_until(back: Timer) -> None:
        server.stop_hard()
        back.start()

    settings = Settings(data_dir=tmp_path, database_url=database_url)
    with open_services(settings, LocalWakeUps()) as services:
        job_id = prepared(services, 3)
        for _ in range(MAX_ATTEMPTS + 1):
            back = Timer(1, server.start)
            with pytest.raises(DatabaseUnavailable):
                InferStage(services, FakeModel(partial(stop_until, back))).run_once()
            back.join()
        claims = services.ports.work_queue.claim_segments(10**9)
        assert [claim.attempts for claim in claims] == [1, 1, 1]
        services.ports.work_queue.release_segments(claims)
        InferStage(services, FakeModel()).run_once()
        assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]  # the second is silence


@pytest.fixture
def over_time(tmp_path: Path, clock: ManualClock) -> Iterator[tuple[CuttingProxy, Services]]:
    """Services over a store that can be away, with leases that run on `clock`."""
    with s3_servers() as servers, CuttingProxy(servers["moto"].endpoint_url) as proxy:
        settings = servers["moto"].behind(proxy.url).settings(tmp_path, servers["moto"].url())
        with open_services(settings, LocalWakeUps(), clock) as services:
            yield proxy, services


def test_a_job_succeeds_however_often_its_store_was_away(
    over_time: tuple[CuttingProxy, Services], clock: ManualClock, mini_model: Emotion2vecModel
) -> None:
    proxy, services = over_time
    job_id = submitted(services, JobOptions())
    prepare = prepare_work(services, build_decoder(services.settings), Event())
    for stage in (prepare, InferStage(services, mini_model)):
        with proxy.away():
            for _ in range(MAX_ATTEMPTS + 1):
                with pytest.raises(StoreUnavailable):
                    stage.run_once()
                clock.advance(60)
        assert stage.run_once()
    assert FinishStage(services).run_once()
    assert services.jobs.get(job_id).state is JobState.SUCCEEDED
    assert all(result.ok for result in services.jobs.results(job_id))


def test_a_job_waits_while_the_disk_is_full(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The database has a disk of its own: that of SQLite would be full first (tests/chaos/test_full_disk.py).
    monkeypatch.setenv("EMOLINE_DATABASE_URL", postgres_url)
    with served(tmp_path) as (process, client):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (SMALL, resource.RLIM_INFINITY))
        refused = client.post("/v1/jobs", content=encoded(NOISY, RATE, "wav"))
        assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
        job_id = client.submit(encoded(NOISY, RATE, "mp3"))["id"]
        log = log_of(tmp_path)
        wait_until(lambda: log.read_text().count("storage_full") > 1 + MAX_ATTEMPTS, log.read_text)
        assert client.get(f"/v1/jobs/{job_id}").json()["stage"] == "preparing"
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert client.ended(job_id)["status"] == "succeeded"
