"""The contract of the events of jobs, which are written with the change that they announce."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, text

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.db.webhook_endpoints import SqlWebhookEndpointStore
from shared.domain.alert import Alert, AlertRule
from shared.domain.errors import LeaseLost
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import JobState
from shared.domain.webhook import DEFAULT_EVENTS, JOB_EVENTS
from shared.ports import DeliveryQueue, JobRepository, WorkQueue
from shared.services.webhook_endpoints import WebhookEndpoints
from tests.support.clock import ManualClock
from tests.support.deliveries import SUCCESS, URL, claim_due, deliver_all, event_types, finish_job, infer_job, start_job
from tests.support.stored_jobs import HAPPY, MODEL, claimed, new_job, stored


def test_a_job_has_events_of_its_start_and_its_end_only(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock, webhook_url=URL)
    assert webhooks.claim() is None
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.evolve(prepared=16_000))
    assert event_types(webhooks) == ["job.started"]
    finish_job(queue, clock, claim)
    assert event_types(webhooks) == ["job.succeeded"]


def test_an_event_has_the_job_as_it_was_then(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = start_job(jobs, queue, clock)
    clock.advance(60)
    job = finish_job(queue, clock, claim)
    start, end = deliver_all(webhooks)
    assert start["data"]["status"] == "processing"
    assert start["timestamp"] == "2026-01-01T00:00:00Z"
    assert end["timestamp"] == "2026-01-01T00:01:00Z"
    assert (end["data"]["id"], end["data"]["status"]) == (job.id, "succeeded")
    assert end["data"]["progress"] == {
        "segments_total": 3, "segments_done": 3, "segments_skipped": 0, "percent": 100.0, "eta_s": None
    }  # fmt: skip
    assert end["data"]["config"]["metadata"] == {"case": "7"}
    assert end["data"]["links"]["result"] == f"/v1/jobs/{job.id}/result"


def test_each_tenth_of_the_work_is_an_event_if_requested(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    infer_job(jobs, queue, clock, webhook_progress=True)
    deliver_all(webhooks)
    segments = queue.claim_segments(10**9)
    percents = []
    for several in (segments[:2], segments[2:3], segments[3:5], segments[5:15], segments[15:]):
        queue.record([(segment, HAPPY) for segment in several], MODEL)
        queue.record([(segment, HAPPY) for segment in several], MODEL)  # refused, and without an event
        events = deliver_all(webhooks)
        assert {event["type"] for event in events} <= {"job.progress"}
        percents.append([event["data"]["progress"]["percent"] for event in events])
    assert percents == [[], [14.8], [24.8], [74.2], [99.0]]


def test_progress_is_sent_only_to_receivers_that_ask_for_it(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock)
    for receiver, expected in (
        ({}, []),
        ({"webhook_url": None, "webhook_endpoint_id": endpoints.create(URL, DEFAULT_EVENTS)[0].id}, []),
        ({"webhook_url": None, "webhook_endpoint_id": endpoints.create(URL, JOB_EVENTS)[0].id}, ["job.progress"]),
    ):
        infer_job(jobs, queue, clock, **receiver)
        deliver_all(webhooks)
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert event_types(webhooks) == expected


def test_a_retried_job_announces_its_progress_again(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for forget_all in (True, False):
        job = infer_job(jobs, queue, clock, webhook_progress=True)
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert event_types(webhooks) == ["job.started", "job.progress"]
        canceled = job.to(JobState.CANCELED, clock.now())
        assert jobs.replace(job, canceled)
        assert jobs.retry(canceled, canceled.retried(clock.now()), forget_all=forget_all)
        claim = claimed(queue.claim_preparation())
        prepared = claim.job.evolve(prepared=16_000).to(JobState.INFERRING, clock.now())
        queue.save(claim, prepared, add=[stored(index, 20 * index) for index in range(21)])
        assert event_types(webhooks) == ["job.canceled", "job.started"]
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert event_types(webhooks) == ["job.progress"]


def test_every_alert_is_an_event_beside_the_end(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    infer_job(jobs, queue, clock)
    queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
    finish = claimed(queue.claim_finish())
    rules = [AlertRule(name, ("happy",), channel="customer", part="last_quarter") for name in ("first", "second")]
    alerts = tuple(Alert(rule, 400_000, 16_000, 1) for rule in rules)
    queue.save(finish, finish.job.evolve(alerts=alerts).to(JobState.SUCCEEDED, clock.now()))
    assert jobs.get(finish.job.id).alerts == alerts
    events = deliver_all(webhooks)
    assert [event["type"] for event in events] == ["job.started", "job.alert", "job.alert", "job.succeeded"]
    assert [event["data"]["alert"]["name"] for event in events[1:3]] == ["first", "second"]
    assert events[2]["data"]["alert"] == events[3]["data"]["alerts"][1] == {
        "name": "second", "emotions": ["happy"], "channel": "customer", "part": "last_quarter", "at_least_ms": 20_000,
        "heard_ms": 25_000, "start_ms": 1_000, "heard_in": 1, "above_usual": None,
    }  # fmt: skip
    assert events[2]["data"]["id"] == finish.job.id


def test_a_stage_that_is_claimed_again_is_no_second_start(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    start_job(jobs, queue, clock)
    clock.advance(60)
    queue.claim_preparation()
    assert event_types(webhooks) == ["job.started"]


def test_a_failure_and_a_cancellation_are_events(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = start_job(jobs, queue, clock)
    queue.save(claim, claim.job.failed(FAILURES[FailureCode.TOO_LONG], clock.now()))
    job = new_job(jobs, clock, webhook_url=URL)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert not jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    events = deliver_all(webhooks)
    assert [event["type"] for event in events] == ["job.started", "job.failed", "job.canceled"]
    assert events[1]["data"]["error"]["code"] == "too_long"


def test_a_refused_change_has_no_event(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = start_job(jobs, queue, clock)
    clock.advance(60)
    queue.claim_preparation()
    with pytest.raises(LeaseLost):
        queue.save(claim, claim.job.failed(FAILURES[FailureCode.TOO_LONG], clock.now()))
    assert event_types(webhooks) == ["job.started"]


def test_a_job_without_a_receiver_has_no_events(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    finish_job(queue, clock, start_job(jobs, queue, clock, webhook_url=None))
    assert event_types(webhooks) == []


def test_an_event_that_cannot_be_written_leaves_the_job_as_it_was(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    job = new_job(jobs, clock, webhook_url=URL)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE webhook_deliveries RENAME TO elsewhere"))
    with pytest.raises(Exception, match="webhook_deliveries"):
        queue.claim_preparation()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO webhook_deliveries"))
    assert jobs.get(job.id).state is JobState.QUEUED
    queue.claim_preparation()
    assert event_types(webhooks) == ["job.started"]


def test_a_deleted_job_has_no_events(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = start_job(jobs, queue, clock)
    under_way = claim_due(webhooks)
    jobs.delete(claim.job.id)
    assert not webhooks.record(under_way, SUCCESS)
    assert event_types(webhooks) == []


def test_metadata_too_large_for_an_event_is_left_out(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for letters in (100, 30_000):
        start_job(jobs, queue, clock, metadata={"notes": letters * "x", "half of a pair": "\ud83d"})
    small, large = deliver_all(webhooks)
    assert len(small["data"]["config"]["metadata"]) == 2
    assert large["data"]["config"]["metadata"] == {}
    assert len(json.dumps(large)) < 20_000
