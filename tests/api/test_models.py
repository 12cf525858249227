"""The list of models at `/v1/models`."""

from __future__ import annotations

from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.emotion import ModelInfo


def test_a_model_is_listed_as_soon_as_a_worker_runs_it(client: TestClient, services: Services) -> None:
    assert client.get("/v1/models").json() == {"data": [], "next_cursor": None}
    model = ModelInfo("emoline/mini", "3", "a" * 64, ("angry", "happy"), notice="A small one.")
    services.ports.model_registry.record_run(model)
    (listed,) = client.get("/v1/models").json()["data"]
    assert listed["first_run_at"] == listed["last_run_at"]
    assert listed | {"first_run_at": None, "last_run_at": None} == {
        "id": "emoline/mini",
        "revision": "3",
        "sha256": "a" * 64,
        "precision": "fp32",
        "notice": "A small one.",
        "calibration": None,
        "labels": ["angry", "happy"],
        "first_run_at": None,
        "last_run_at": None,
    }
