"""Long polls for a job, conditional requests, and its events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from threading import Timer

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import REMEMBERED_S, Authenticator
from api.threads import QuickThreads
from shared.container import Services
from shared.domain.access import Scope
from shared.domain.job import DEFAULT_TENANT, JobState
from tests.support.api_client import UNKNOWN, assert_problem, bearer, submitted


def cancel_after(services: Services, job_id: str, seconds: float) -> Timer:
    timer = Timer(seconds, services.cancellation.cancel, [job_id])
    timer.start()
    return timer


def test_an_unchanged_job_is_not_sent_again(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    first = client.get(f"/v1/jobs/{job_id}")
    tag = first.headers["etag"]
    unchanged = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    services.cancellation.cancel(job_id)
    changed = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["status"]) == (200, "canceled")
    assert changed.headers["etag"] != tag


def test_a_long_poll_ends_with_the_job(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    timer = cancel_after(services, job_id, 0.3)
    started = time.monotonic()
    answer = client.get(f"/v1/jobs/{job_id}", params={"wait": 60})
    assert answer.json()["status"] == "canceled"
    assert 0.3 <= time.monotonic() - started < 60
    timer.join()


def test_a_long_poll_with_a_known_version_ends_with_a_change(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    tag = client.get(f"/v1/jobs/{job_id}").headers["etag"]
    timer = Timer(0.3, services.ports.work_queue.claim_preparation)
    timer.start()
    answer = client.get(f"/v1/jobs/{job_id}", params={"wait": 60}, headers={"If-None-Match": f"W/{tag}"})
    assert (answer.json()["status"], answer.json()["stage"]) == ("processing", "preparing")
    timer.join()


def test_a_long_poll_ends_after_its_time(client: TestClient) -> None:
    answer = client.get(f"/v1/jobs/{submitted(client)}", params={"wait": 1})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert client.get(f"/v1/jobs/{UNKNOWN}", params={"wait": 30}).status_code == 404
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}", params={"wait": 61}), 422, "invalid_request")


Event = dict[str, str]


def events(lines: Iterator[str]) -> Iterator[Event]:
    """Parse lines as a browser's EventSource does."""
    event: Event = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if not line and event:
            yield event
            event = {}
        elif name in ("event", "id", "data"):
            event[name] = value


def test_events_report_each_change_and_the_end(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    timer = cancel_after(services, job_id, 0.7)
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        received = list(events(answer.iter_lines()))
    timer.join()
    assert [event["event"] for event in received] == ["progress", "canceled"]
    assert [json.loads(event["data"])["status"] for event in received] == ["queued", "canceled"]


def test_events_continue_after_the_last_event_id(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    known_version = client.get(f"/v1/jobs/{job_id}").headers["etag"].strip('"')
    timer = cancel_after(services, job_id, 0.3)
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": known_version}) as answer:
        received = list(events(answer.iter_lines()))
    timer.join()
    assert [event["event"] for event in received] == ["canceled"]


def test_events_end_when_the_key_is_revoked(services: Services) -> None:
    assert REMEMBERED_S + 1 <= 10
    key, secret = services.api_keys.create("test", DEFAULT_TENANT, list(Scope))
    app = create_app(services, ["testserver"])
    app.state.authenticator = Authenticator(services.api_keys, QuickThreads(), remembered_s=0.2)
    with TestClient(app, headers=bearer(secret)) as client:
        job_id = submitted(client)
        timer = Timer(0.3, services.api_keys.revoke, [DEFAULT_TENANT, key.id])
        timer.start()
        with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
            received = list(events(answer.iter_lines()))
        timer.join()
        assert [event["event"] for event in received] == ["progress"]
        assert_problem(client.get(f"/v1/jobs/{job_id}"), 401, "invalid_key")


@pytest.mark.parametrize("deleted", [False, True])
def test_an_unknown_or_deleted_job_has_no_events(client: TestClient, services: Services, deleted: bool) -> None:
    if not deleted:
        assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/events"), 404, "job_not_found")
        return
    job_id = submitted(client)
    services.cancellation.delete(job_id)
    assert_problem(client.get(f"/v1/jobs/{job_id}/events"), 410, "job_deleted")


def test_jobs_can_be_listed_by_time(client: TestClient, services: Services) -> None:
    first, second = submitted(client), submitted(client)
    created = {job_id: services.jobs.get(job_id).created_at.isoformat() for job_id in (first, second)}

    def listed(**params: str) -> list[str]:
        return [job["id"] for job in client.get("/v1/jobs", params=params).json()["data"]]

    assert listed(created_after=created[first]) == [second]
    assert listed(created_before=created[second]) == [first]
    assert_problem(client.get("/v1/jobs", params={"created_after": "2026-01-01T00:00:00"}), 422, "invalid_request")
    assert services.jobs.get(first).state is JobState.QUEUED
