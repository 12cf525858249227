"""Waiting for a job, asking only for what has changed, and its events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from threading import Timer

import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.job import JobState
from tests.api.test_jobs import UNKNOWN, submitted
from tests.api.test_submit import assert_problem


def cancel_after(services: Services, job_id: str, seconds: float) -> Timer:
    timer = Timer(seconds, services.cancellation.cancel, [job_id])
    timer.start()
    return timer


def test_what_has_not_changed_is_not_sent_again(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    first = client.get(f"/v1/jobs/{job_id}")
    tag = first.headers["etag"]
    again = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    services.cancellation.cancel(job_id)
    changed = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["status"]) == (200, "canceled")
    assert changed.headers["etag"] != tag


def test_who_waits_is_answered_when_the_job_has_ended(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    timer = cancel_after(services, job_id, 0.3)
    begun = time.monotonic()
    answer = client.get(f"/v1/jobs/{job_id}", params={"wait": 30})
    assert answer.json()["status"] == "canceled"
    assert 0.3 <= time.monotonic() - begun < 20
    timer.join()


def test_who_waits_for_a_change_is_answered_at_the_change(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    tag = client.get(f"/v1/jobs/{job_id}").headers["etag"]
    timer = Timer(0.3, services.ports.work_queue.claim_preparation)
    timer.start()
    answer = client.get(f"/v1/jobs/{job_id}", params={"wait": 30}, headers={"If-None-Match": f"W/{tag}"})
    assert (answer.json()["status"], answer.json()["stage"]) == ("processing", "preparing")
    timer.join()


def test_waiting_ends_after_its_time(client: TestClient) -> None:
    answer = client.get(f"/v1/jobs/{submitted(client)}", params={"wait": 1})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert client.get(f"/v1/jobs/{UNKNOWN}", params={"wait": 30}).status_code == 404
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}", params={"wait": 61}), 422, "invalid_request")


Event = dict[str, str]


def events(lines: Iterator[str]) -> Iterator[Event]:
    """What a browser's EventSource makes of the lines."""
    event: Event = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if not line and event:
            yield event
            event = {}
        elif name in ("event", "id", "data"):
            event[name] = value


def test_events_tell_each_change_and_how_it_ended(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    timer = cancel_after(services, job_id, 0.7)
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = list(events(answer.iter_lines()))
    timer.join()
    assert [event["event"] for event in found] == ["progress", "canceled"]
    assert [json.loads(event["data"])["status"] for event in found] == ["queued", "canceled"]


def test_events_go_on_after_the_last_that_was_seen(client: TestClient, services: Services) -> None:
    job_id = submitted(client)
    seen = client.get(f"/v1/jobs/{job_id}").headers["etag"].strip('"')
    timer = cancel_after(services, job_id, 0.3)
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": seen}) as answer:
        found = list(events(answer.iter_lines()))
    timer.join()
    assert [event["event"] for event in found] == ["canceled"]


@pytest.mark.parametrize("deleted", [False, True])
def test_a_job_that_is_not_there_has_no_events(client: TestClient, services: Services, deleted: bool) -> None:
    if not deleted:
        assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/events"), 404, "job_not_found")
        return
    job_id = submitted(client)
    services.cancellation.delete(job_id)
    assert_problem(client.get(f"/v1/jobs/{job_id}/events"), 410, "job_deleted")


def test_a_list_can_be_of_a_time(client: TestClient, services: Services) -> None:
    first, second = submitted(client), submitted(client)
    made = {job_id: services.jobs.get(job_id).created_at.isoformat() for job_id in (first, second)}

    def listed(**params: str) -> list[str]:
        return [job["id"] for job in client.get("/v1/jobs", params=params).json()["data"]]

    assert listed(created_after=made[first]) == [second]
    assert listed(created_before=made[second]) == [first]
    assert_problem(client.get("/v1/jobs", params={"created_after": "2026-01-01T00:00:00"}), 422, "invalid_request")
    assert services.jobs.get(first).state is JobState.QUEUED
