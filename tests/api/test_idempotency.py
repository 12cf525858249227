"""Repeated requests with an idempotency key, which make no second job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from shared.container import Services
from tests.support.api_client import WAV, assert_problem, secret_of, stored_files

KEY = {"Idempotency-Key": "order-17"}


def post(client: TestClient, content: bytes = WAV, config: str = "{}", secret: str = "") -> Response:
    headers = KEY | ({"X-API-Key": secret} if secret else {})
    return client.post("/v1/jobs", content=content, params={"config": config}, headers=headers)


def test_the_same_request_gives_the_same_job_and_leaves_no_files(client: TestClient, services: Services) -> None:
    first, second = post(client), post(client)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["location"] == second.headers["location"]
    assert len(stored_files(services)) == 1
    as_form = client.post("/v1/jobs", files={"file": ("call.wav", WAV)}, headers=KEY)
    assert as_form.json()["id"] == first.json()["id"]


def test_the_job_is_returned_in_its_current_state(client: TestClient, services: Services) -> None:
    job_id = post(client).json()["id"]
    services.cancellation.cancel(job_id)
    assert post(client).json()["status"] == "canceled"


@pytest.mark.parametrize(("content", "config"), [(WAV + b"x", "{}"), (WAV, '{"priority": "low"}')])
def test_another_request_with_the_key_is_refused(
    client: TestClient, services: Services, content: bytes, config: str
) -> None:
    post(client)
    assert_problem(post(client, content, config), 422, "idempotency_mismatch")
    assert len(stored_files(services)) == 1


def test_after_the_job_was_deleted_the_key_makes_a_new_one(client: TestClient) -> None:
    first = post(client).json()["id"]
    client.delete(f"/v1/jobs/{first}")
    assert post(client).json()["id"] != first


def test_without_a_key_each_request_makes_a_job(client: TestClient) -> None:
    assert len({client.post("/v1/jobs", content=WAV).json()["id"] for _ in range(3)}) == 3


def test_concurrent_requests_with_one_key_make_one_job(client: TestClient, services: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(stored_files(services)) == 1


def test_tenants_have_keys_of_their_own(client: TestClient, services: Services) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    ids = {post(client, secret=secret).json()["id"] for secret in (ours, theirs, ours)}
    assert len(ids) == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_limited_length(client: TestClient, key: str) -> None:
    answer = client.post("/v1/jobs", content=WAV, headers={"Idempotency-Key": key})
    assert_problem(answer, 422, "invalid_request")
