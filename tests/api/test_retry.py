"""Retries of jobs that have ended."""

from __future__ import annotations

from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.failure import FAILURES, FailureCode
from tests.support.api_client import UNKNOWN, assert_problem, submitted


def test_a_canceled_job_is_queued_again(client: TestClient) -> None:
    job_id = submitted(client)
    assert_problem(client.post(f"/v1/jobs/{job_id}/retry"), 409, "job_running")
    client.post(f"/v1/jobs/{job_id}/cancel")
    answer = client.post(f"/v1/jobs/{job_id}/retry", json={"what": "all"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["finished_at"]) == ("queued", None)


def test_a_failed_job_is_queued_without_its_error(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    claim = services.ports.work_queue.claim_preparation()
    assert claim
    services.ports.work_queue.save(claim, claim.job.failed(FAILURES[FailureCode.GAVE_UP], services.clock.now()))
    answer = client.post(f"/v1/jobs/{job_id}/retry").json()
    assert (answer["status"], answer["error"], answer["started_at"]) == ("queued", None, None)


def test_an_unknown_job_and_an_invalid_retry_are_refused(client: TestClient) -> None:
    assert_problem(client.post(f"/v1/jobs/{UNKNOWN}/retry"), 404, "job_not_found")
    job_id = submitted(client)
    assert_problem(client.post(f"/v1/jobs/{job_id}/retry", json={"what": "some"}), 422, "invalid_request")
