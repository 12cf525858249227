"""A store that hangs for one tenant: polls, health and the requests of others are answered all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pytest

from api.app import create_app
from api.server import listen, serving
from shared.container import Services
from shared.domain.job import DEFAULT_TENANT
from shared.domain.options import JobOptions
from shared.services.object_keys import waveform_key
from shared.waveform import Waveform
from tests.support.analysed import analysed
from tests.support.api_client import bearer, secret_of
from tests.support.waiting import PATIENCE_S, wait_until

READERS = 45
"""More than all threads of requests."""


@pytest.fixture
def job_id(services: Services) -> str:
    return analysed(services, [], JobOptions(), waveform=Waveform((0,), 0, 16_000, np.zeros((50, 1, 2), np.int8)))


@pytest.fixture
def hanging(services: Services, job_id: str) -> Iterator[Path]:
    """A named pipe in the place of an object: to open it takes until somebody writes."""
    path = services.settings.objects_dir / waveform_key(job_id)
    path.unlink()
    os.mkfifo(path)
    yield path
    path.unlink()


def open_fifos(path: Path) -> int:
    """Let those that wait for the pipe go on; return whether there were any."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return 0
    return 1


def test_requests_of_one_tenant_that_hang_hold_up_nobody_else(services: Services, job_id: str, hanging: Path) -> None:
    ours, theirs = (bearer(secret_of(services, tenant)) for tenant in (DEFAULT_TENANT, "other"))
    with (
        listen("127.0.0.1", 0) as listener,
        serving(create_app(services, ["127.0.0.1"]), listener) as url,
        httpx2.Client(base_url=url, timeout=PATIENCE_S, limits=httpx2.Limits(max_connections=None)) as client,
        ThreadPoolExecutor(READERS) as readers,
    ):
        reading = [
            readers.submit(client.get, f"/v1/jobs/{job_id}/waveform", headers=ours, timeout=None)
            for _ in range(READERS)
        ]
        try:
            assert client.get(f"/v1/jobs/{job_id}", headers=ours).status_code == 200
            for path in ("/livez", "/readyz"):
                assert client.get(path).status_code == 200
            for path in ("/v1/jobs", "/v1/usage", "/v1/models"):
                assert client.get(path, headers=theirs).status_code == 200
            body = {"source": {"url": "https://calls.example/1.mp3"}}
            assert client.post("/v1/jobs", json=body, headers=theirs).status_code == 202
            assert not any(answer.done() for answer in reading)
        finally:
            wait_until(lambda: not open_fifos(hanging) and all(answer.done() for answer in reading), lambda: reading)
    assert {answer.result().status_code for answer in reading} == {500}
