"""What every adapter of `shared.ports.DeliveryQueue` does: events with the change they tell of, claims, retries."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.db.webhook_deliveries import SqlDeliveryQueue
from shared.db.webhook_endpoints import SqlWebhookEndpointStore
from shared.domain.alert import Alert, AlertRule
from shared.domain.errors import LeaseLost
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import DEFAULT_TENANT, Job, JobState
from shared.domain.webhook import DEFAULT_EVENTS, JOB_EVENTS, MOST_ATTEMPTS, Attempt
from shared.ports import Claim, DeliveryClaim, DeliveryQueue, Housekeeping, JobRepository, Queue, WorkQueue
from shared.services.webhook_endpoints import WebhookEndpoints
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, claimed, new_job, stored

URL = "https://hooks.example/emoline?tenant=7"
HOUR_S = 3600.0
TAKEN = Attempt(204)
BROKEN = Attempt(500)


@pytest.fixture
def webhooks(engine: Engine, clock: ManualClock) -> DeliveryQueue:
    return SqlDeliveryQueue(engine, clock)


def due(webhooks: DeliveryQueue) -> DeliveryClaim:
    claim = webhooks.claim()
    assert claim is not None
    return claim


def told(webhooks: DeliveryQueue) -> list[dict[str, Any]]:
    """Everything that is due, taken by its receiver."""
    found = []
    while claim := webhooks.claim():
        found.append(json.loads(claim.body))
        assert webhooks.record(claim, TAKEN)
    return found


def types(webhooks: DeliveryQueue) -> list[str]:
    return [event["type"] for event in told(webhooks)]


def started(jobs: JobRepository, queue: WorkQueue, clock: ManualClock, **options: Any) -> Claim:
    new_job(jobs, clock, **({"webhook_url": URL} | options))
    return claimed(queue.claim_preparation())


def ended(queue: WorkQueue, clock: ManualClock, claim: Claim) -> Job:
    """The job, succeeded, with three segments analysed."""
    queue.save(
        claim, claim.job.to(JobState.INFERRING, clock.now()), add=[stored(index, 20 * index) for index in range(3)]
    )
    queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
    finish = claimed(queue.claim_finish())
    job = finish.job.to(JobState.SUCCEEDED, clock.now())
    queue.save(finish, job)
    return job


def test_a_job_tells_of_its_start_and_its_end_and_of_nothing_else(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock, webhook_url=URL)
    assert webhooks.claim() is None
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.evolve(prepared=16_000))
    assert types(webhooks) == ["job.started"]
    ended(queue, clock, claim)
    assert types(webhooks) == ["job.succeeded"]


def test_an_event_has_the_job_as_it_was_then(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = started(jobs, queue, clock)
    clock.advance(60)
    job = ended(queue, clock, claim)
    start, end = told(webhooks)
    assert start["data"]["status"] == "processing"
    assert start["timestamp"] == "2026-01-01T00:00:00Z"
    assert end["timestamp"] == "2026-01-01T00:01:00Z"
    assert (end["data"]["id"], end["data"]["status"]) == (job.id, "succeeded")
    assert end["data"]["progress"] == {
        "segments_total": 3, "segments_done": 3, "segments_skipped": 0, "percent": 100.0, "eta_s": None
    }  # fmt: skip
    assert end["data"]["config"]["metadata"] == {"case": "7"}
    assert end["data"]["links"]["result"] == f"/v1/jobs/{job.id}/result"


def inferring(jobs: JobRepository, queue: WorkQueue, clock: ManualClock, **options: Any) -> Job:
    """A job that was cut into twenty segments, and its start told."""
    claim = started(jobs, queue, clock, **options)
    recording = replace(claim.job.recording, duration=16_000)
    job = claim.job.evolve(prepared=16_000, recording=recording).to(JobState.INFERRING, clock.now())
    queue.save(claim, job, add=[stored(index, 20 * index) for index in range(20)])
    return job


def test_each_tenth_of_the_work_is_told_of_to_who_wants_it(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    inferring(jobs, queue, clock, webhook_progress=True)
    told(webhooks)
    segments = queue.claim_segments(10**9)
    percents = []
    for several in (segments[:2], segments[2:3], segments[3:5], segments[5:15], segments[15:]):
        queue.record([(segment, HAPPY) for segment in several], MODEL)
        queue.record([(segment, HAPPY) for segment in several], MODEL)  # which is refused, and told of by nobody
        events = told(webhooks)
        assert {event["type"] for event in events} <= {"job.progress"}
        percents.append([event["data"]["progress"]["percent"] for event in events])
    assert percents == [[], [14.8], [24.8], [74.2], [99.0]]


def test_of_progress_only_those_are_told_who_asked_for_it(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock)
    for receiver, expected in (
        ({}, []),
        ({"webhook_url": None, "webhook_endpoint_id": endpoints.create(URL, DEFAULT_EVENTS)[0].id}, []),
        ({"webhook_url": None, "webhook_endpoint_id": endpoints.create(URL, JOB_EVENTS)[0].id}, ["job.progress"]),
    ):
        inferring(jobs, queue, clock, **receiver)
        told(webhooks)
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert types(webhooks) == expected


def test_a_job_that_is_tried_again_tells_of_its_progress_again(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for forget_all in (True, False):
        job = inferring(jobs, queue, clock, webhook_progress=True)
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert types(webhooks) == ["job.started", "job.progress"]
        canceled = job.to(JobState.CANCELED, clock.now())
        assert jobs.replace(job, canceled)
        assert jobs.retry(canceled, canceled.retried(clock.now()), forget_all=forget_all)
        claim = claimed(queue.claim_preparation())
        prepared = claim.job.evolve(prepared=16_000).to(JobState.INFERRING, clock.now())
        queue.save(claim, prepared, add=[stored(index, 20 * index) for index in range(21)])
        assert types(webhooks) == ["job.canceled", "job.started"]
        queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
        assert types(webhooks) == ["job.progress"]


def test_every_alert_is_told_of_beside_the_end(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    inferring(jobs, queue, clock)
    queue.record([(segment, HAPPY) for segment in queue.claim_segments(10**9)], MODEL)
    finish = claimed(queue.claim_finish())
    rules = [AlertRule(name, ("happy",), channel="customer", part="last_quarter") for name in ("first", "second")]
    alerts = tuple(Alert(rule, 400_000, 16_000) for rule in rules)
    queue.save(finish, finish.job.evolve(alerts=alerts).to(JobState.SUCCEEDED, clock.now()))
    assert jobs.get(finish.job.id).alerts == alerts
    events = told(webhooks)
    assert [event["type"] for event in events] == ["job.started", "job.alert", "job.alert", "job.succeeded"]
    assert [event["data"]["alert"]["name"] for event in events[1:3]] == ["first", "second"]
    assert events[2]["data"]["alert"] == events[3]["data"]["alerts"][1] == {
        "name": "second", "emotions": ["happy"], "channel": "customer", "part": "last_quarter", "at_least_ms": 20_000,
        "heard_ms": 25_000, "start_ms": 1_000,
    }  # fmt: skip
    assert events[2]["data"]["id"] == finish.job.id


def test_a_stage_that_is_claimed_again_is_no_second_start(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    started(jobs, queue, clock)
    clock.advance(60)
    queue.claim_preparation()
    assert types(webhooks) == ["job.started"]


def test_a_failure_and_a_cancellation_are_told(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = started(jobs, queue, clock)
    queue.save(claim, claim.job.failed(FAILURES[FailureCode.TOO_LONG], clock.now()))
    job = new_job(jobs, clock, webhook_url=URL)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert not jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    events = told(webhooks)
    assert [event["type"] for event in events] == ["job.started", "job.failed", "job.canceled"]
    assert events[1]["data"]["error"]["code"] == "too_long"


def test_what_is_not_done_is_not_told(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = started(jobs, queue, clock)
    clock.advance(60)
    queue.claim_preparation()
    with pytest.raises(LeaseLost):
        queue.save(claim, claim.job.failed(FAILURES[FailureCode.TOO_LONG], clock.now()))
    assert types(webhooks) == ["job.started"]


def test_of_a_job_without_a_receiver_nobody_is_told(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    ended(queue, clock, started(jobs, queue, clock, webhook_url=None))
    assert types(webhooks) == []


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
    assert types(webhooks) == ["job.started"]


def test_what_is_deleted_is_not_told(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    claim = started(jobs, queue, clock)
    in_hand = due(webhooks)
    jobs.delete(claim.job.id)
    assert not webhooks.record(in_hand, TAKEN)
    assert types(webhooks) == []


def test_metadata_that_is_too_much_for_an_event_is_left_out(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for letters in (100, 30_000):
        started(jobs, queue, clock, metadata={"notes": letters * "x", "half of a pair": "\ud83d"})
    small, large = told(webhooks)
    assert len(small["data"]["config"]["metadata"]) == 2
    assert large["data"]["config"]["metadata"] == {}
    assert len(json.dumps(large)) < 20_000


def test_a_delivery_is_claimed_once_until_its_lease_has_run_out(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    started(jobs, queue, clock)
    first = due(webhooks)
    assert webhooks.claim() is None
    clock.advance(121)
    second = due(webhooks)
    assert (second.id, second.body, second.attempts) == (first.id, first.body, 2)
    assert not webhooks.record(first, TAKEN)
    assert webhooks.record(second, TAKEN)
    assert webhooks.claim() is None


def test_many_who_claim_at_once_get_each_delivery_once(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for number in range(12):
        started(jobs, queue, clock, webhook_url=f"https://{number}.example/")
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: webhooks.claim(), range(16)))
    assert len({claim.id for claim in claims if claim}) == 12
    assert sum(claim is None for claim in claims) == 4


def test_a_receiver_that_is_busy_does_not_hold_the_others_up(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for path in range(5):
        started(jobs, queue, clock, webhook_url=f"https://hangs.example/{path}")
    started(jobs, queue, clock, webhook_url="https://quick.example/")
    claims = [due(webhooks) for _ in range(3)]
    assert [claim.url.split("/")[2] for claim in claims] == ["hangs.example", "hangs.example", "quick.example"]
    assert webhooks.claim() is None
    assert webhooks.record(claims[0], TAKEN)
    assert due(webhooks).url == "https://hangs.example/2"


def test_what_fails_is_tried_ten_times_over_three_days(
    jobs: JobRepository, queue: WorkQueue, housekeeping: Housekeeping, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    started(jobs, queue, clock)
    first = due(webhooks)
    assert webhooks.record(first, BROKEN)
    for wait_s in (5, 300, 1800, *(hours * HOUR_S for hours in (2, 5, 10, 14, 20, 24))):
        clock.advance(0.89 * wait_s)
        assert webhooks.claim() is None
        assert Queue.DELIVER not in housekeeping.claimable()
        clock.advance(0.22 * wait_s)
        assert Queue.DELIVER in housekeeping.claimable()
        again = due(webhooks)
        assert (again.id, again.body) == (first.id, first.body)
        assert webhooks.record(again, BROKEN)
    assert again.attempts == MOST_ATTEMPTS
    clock.advance(100 * HOUR_S)
    assert webhooks.claim() is None


@pytest.mark.parametrize(("asked_s", "waits_s"), [(60, 60), (3, 4), (10**9, 24 * HOUR_S)])
def test_a_receiver_that_asks_for_time_gets_it(
    asked_s: float, waits_s: float, jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    started(jobs, queue, clock)
    webhooks.record(due(webhooks), Attempt(503, retry_after_s=asked_s))
    clock.advance(waits_s - 0.1)
    assert webhooks.claim() is None
    clock.advance(2)
    assert webhooks.claim()


def test_who_is_gone_is_not_tried_again(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    started(jobs, queue, clock)
    webhooks.record(due(webhooks), Attempt(410))
    clock.advance(100 * HOUR_S)
    assert webhooks.claim() is None


def test_what_is_sent_again_while_it_is_in_hand_begins_anew(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    started(jobs, queue, clock)
    in_hand = due(webhooks)
    SqlWebhookEndpointStore(engine, clock).send_again(DEFAULT_TENANT, in_hand.id)
    again = due(webhooks)
    assert (again.id, again.attempts) == (in_hand.id, 1)
    assert not webhooks.record(in_hand, Attempt(410))
    assert webhooks.record(again, BROKEN)
    clock.advance(6)
    assert due(webhooks).attempts == 2


def test_what_waits_for_an_endpoint_that_is_gone_is_never_sent_unsigned(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoint, _ = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock).create(
        URL, JOB_EVENTS
    )
    started(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    with engine.begin() as connection:  # as another's transaction would have it that does not see the delivery yet
        connection.execute(text("DELETE FROM webhook_endpoints"))
    started(jobs, queue, clock, webhook_url="https://other.example/")
    assert due(webhooks).url == "https://other.example/"
    assert webhooks.claim() is None


def test_an_endpoint_that_only_fails_for_five_days_is_disabled(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock)
    endpoint, secret = endpoints.create(URL, JOB_EVENTS)
    for days, came, disabled in ((0, BROKEN, False), (4.9, BROKEN, False), (0.05, TAKEN, False), (1, BROKEN, False),
                                 (5, BROKEN, True)):  # fmt: skip
        clock.advance(days * 24 * HOUR_S)
        endpoints.test(endpoint.id)
        while claim := webhooks.claim():
            assert claim.secrets == (secret,)
            assert webhooks.record(claim, came)
        assert (endpoints.get(endpoint.id).disabled_at is not None) is disabled, days
    clock.advance(24 * HOUR_S)
    started(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    assert webhooks.claim() is None
    assert endpoints.change(endpoint.id, url=None, events=None, enabled=True).failing_since is None
    started(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    assert due(webhooks).url == URL


def test_a_tenant_has_a_secret_of_its_own_that_stays(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for tenant in ("acme", "other", "acme"):
        started(jobs, queue, clock, tenant=tenant, webhook_url=f"https://{tenant}.example/")
    by_url: dict[str, list[tuple[str, ...]]] = {}
    for _ in range(3):
        claim = due(webhooks)
        by_url.setdefault(claim.url, []).append(claim.secrets)
    ours, again = by_url["https://acme.example/"]
    (theirs,) = by_url["https://other.example/"]
    assert ours == again != theirs
    assert len(ours) == 1
    assert ours[0].startswith("whsec_")
