"""Objects that are damaged in the store: the answer names them, and the connection goes on."""

from __future__ import annotations

from pathlib import Path

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.server import listen, serving
from shared.container import Services
from shared.domain.errors import ObjectDamaged
from shared.domain.options import JobOptions
from shared.services.object_keys import waveform_key
from shared.waveform import Waveform
from tests.support.analysed import Part, analysed
from tests.support.api_client import assert_problem
from tests.support.waiting import PATIENCE_S

LOGITS = np.zeros((50, 3), np.float32)
PEAKS = np.zeros((50, 1, 2), np.int8)


def damaged(content: bytes, how: str) -> bytes:
    return {"empty": b"", "cut": content[: len(content) // 2], "text": b"x" * len(content)}[how]


@pytest.fixture
def job_id(services: Services) -> str:
    parts = [Part(0, 0, LOGITS), Part(0, 1000, LOGITS)]
    return analysed(
        services,
        parts,
        JobOptions(granularity="frame", embeddings="utterance"),
        [np.zeros(4, np.float32)] * 2,
        waveform=Waveform((0,), 0, 16_000, PEAKS),
    )


@pytest.mark.parametrize("how", ["empty", "cut", "text"])
def test_damaged_arrays_are_a_problem_that_names_the_job(
    client: TestClient, services: Services, job_id: str, how: str
) -> None:
    for path in (services.settings.objects_dir / "jobs" / job_id).rglob("*.np*"):
        path.write_bytes(damaged(path.read_bytes(), how))
    for route in ("frames", "result", "segments", "waveform", "heatmap.png"):
        problem = assert_problem(client.get(f"/v1/jobs/{job_id}/{route}"), 500, "object_damaged")
        assert job_id in problem["detail"], route
    assert client.get(f"/v1/jobs/{job_id}/timeline").status_code == 200


@pytest.mark.parametrize("how", ["empty", "cut", "text"])
def test_damaged_sound_is_not_served(client: TestClient, services: Services, job_id: str, how: str) -> None:
    stored = services.jobs.segment(job_id, 0)
    with services.object_store.writer(stored.audio_key) as writer:
        writer.write(damaged(b"fLaC" + bytes(100), how))
    answer = client.get(f"/v1/jobs/{job_id}/segments/0/audio")
    if how == "cut":  # an object of its own has no known length
        assert answer.status_code == 200
    else:
        assert_problem(answer, 500, "object_damaged")


def test_an_object_that_alone_cannot_be_read_is_damaged(services: Services, job_id: str) -> None:
    path: Path = services.settings.objects_dir / waveform_key(job_id)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(ObjectDamaged):
        services.object_store.read(waveform_key(job_id))


def test_a_connection_goes_on_after_an_unforeseen_exception(services: Services) -> None:
    def broken() -> None:
        raise KeyError("secret")

    app = create_app(services, ["127.0.0.1"])
    app.add_api_route("/v1/broken", broken)
    with (
        listen("127.0.0.1", 0) as listener,
        serving(app, listener) as url,
        httpx2.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        for _ in range(2):
            answer = client.get("/v1/broken")
            assert (answer.status_code, answer.headers.get("connection")) == (500, None)
            assert client.get("/livez").status_code == 200
