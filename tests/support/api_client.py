"""Requests to the API, and assertions about its responses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from shared.container import Services
from shared.domain.access import Scope
from shared.domain.job import JobState
from shared.services.api_keys import ApiKeys
from tests.support.media.case import spoken

WAV = spoken("wav")
UNKNOWN = "job_00000000-0000-7000-8000-000000000000"
"""The id of no job."""


def post_form(client: TestClient, content: bytes = WAV, name: str = "call.wav", **data: str) -> Response:
    return client.post("/v1/jobs", files={"file": (name, content)}, data=data)


def post_raw(client: TestClient, content: bytes = WAV, **params: str) -> Response:
    return client.post("/v1/jobs", content=content, params=params)


def stored_files(services: Services) -> list[Path]:
    return [path for path in services.settings.objects_dir.rglob("*") if path.is_file()]


def assert_problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"/errors#{code}")
    assert problem["detail"].endswith(".")
    return problem


def secret_of(services: Services, tenant: str, *scopes: Scope) -> str:
    api_keys: ApiKeys = services.api_keys
    return api_keys.create("test", tenant, scopes or list(Scope))[1]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def submitted(client: TestClient) -> str:
    return str(post_raw(client).json()["id"])


def prepared(services: Services, seconds: int) -> None:
    """Prepare the next job in the queue as if its recording had this many seconds."""
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    job = claim.job.evolve(prepared=16_000 * seconds)
    services.ports.work_queue.save(claim, job.to(JobState.INFERRING, services.clock.now()))
