"""The contract of `shared.ports.DeliveryQueue`: claims and retries."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.db.webhook_endpoints import SqlWebhookEndpointStore
from shared.domain.job import DEFAULT_TENANT
from shared.domain.webhook import JOB_EVENTS, MOST_ATTEMPTS, NOTICES, Attempt, EventType
from shared.ports import DeliveryQueue, Housekeeping, JobRepository, Queue, WorkQueue
from shared.services.webhook_endpoints import WebhookEndpoints
from tests.support.clock import ManualClock
from tests.support.deliveries import SUCCESS, URL, claim_due, start_job

HOUR_S = 3600.0
FAILURE = Attempt(500)


def test_a_delivery_is_claimed_once_until_its_lease_has_run_out(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    start_job(jobs, queue, clock)
    first = claim_due(webhooks)
    assert webhooks.claim() is None
    clock.advance(121)
    second = claim_due(webhooks)
    assert (second.id, second.body, second.attempts) == (first.id, first.body, 2)
    assert not webhooks.record(first, SUCCESS)
    assert webhooks.record(second, SUCCESS)
    assert webhooks.claim() is None


def test_concurrent_claims_get_each_delivery_once(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for number in range(12):
        start_job(jobs, queue, clock, tenant=f"tenant{number % 2}", webhook_url=f"https://{number}.example/")
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: webhooks.claim(), range(16)))
    assert len({claim.id for claim in claims if claim}) == 12
    assert sum(claim is None for claim in claims) == 4


def test_a_busy_receiver_does_not_delay_the_others(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for path in range(5):
        start_job(jobs, queue, clock, webhook_url=f"https://hangs.example/{path}")
    start_job(jobs, queue, clock, webhook_url="https://quick.example/")
    claims = [claim_due(webhooks) for _ in range(3)]
    assert [claim.url.split("/")[2] for claim in claims] == ["hangs.example", "hangs.example", "quick.example"]
    assert webhooks.claim() is None
    assert webhooks.record(claims[0], SUCCESS)
    assert claim_due(webhooks).url == "https://hangs.example/2"


def test_a_tenant_whose_receivers_all_hang_leaves_room_for_the_others(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for number in range(20):
        start_job(jobs, queue, clock, tenant="many", webhook_url=f"https://hangs{number}.example/")
    clock.advance(1)
    hanging = [claim_due(webhooks) for _ in range(8)]
    assert webhooks.claim() is None
    for tenant in ("few", "fewer"):
        start_job(jobs, queue, clock, tenant=tenant, webhook_url=f"https://{tenant}.example/1")
    start_job(jobs, queue, clock, tenant="few", webhook_url="https://few.example/2")
    assert webhooks.record(hanging[0], FAILURE)
    claims = [claim_due(webhooks) for _ in range(4)]
    turns = [claim.url.removeprefix("https://").split("/")[0] for claim in claims]
    assert sorted(turns[:2]) == ["few.example", "fewer.example"]
    assert turns[2:] == ["few.example", "hangs8.example"]
    clock.advance(121)  # the leases have run out
    assert claim_due(webhooks)


def test_a_failing_delivery_is_attempted_ten_times_over_three_days(
    jobs: JobRepository, queue: WorkQueue, housekeeping: Housekeeping, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    start_job(jobs, queue, clock)
    first = claim_due(webhooks)
    assert webhooks.record(first, FAILURE)
    for wait_s in (5, 300, 1800, *(hours * HOUR_S for hours in (2, 5, 10, 14, 20, 24))):
        clock.advance(0.89 * wait_s)
        assert webhooks.claim() is None
        assert Queue.DELIVER not in housekeeping.claimable()
        clock.advance(0.22 * wait_s)
        assert Queue.DELIVER in housekeeping.claimable()
        second_claim = claim_due(webhooks)
        assert (second_claim.id, second_claim.body) == (first.id, first.body)
        assert webhooks.record(second_claim, FAILURE)
    assert second_claim.attempts == MOST_ATTEMPTS
    clock.advance(100 * HOUR_S)
    assert webhooks.claim() is None


@pytest.mark.parametrize(("asked_s", "waits_s"), [(60, 60), (3, 4), (10**9, 24 * HOUR_S)])
def test_a_receiver_that_asks_for_time_gets_it(
    asked_s: float, waits_s: float, jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    start_job(jobs, queue, clock)
    webhooks.record(claim_due(webhooks), Attempt(503, retry_after_s=asked_s))
    clock.advance(waits_s - 0.1)
    assert webhooks.claim() is None
    clock.advance(2)
    assert webhooks.claim()


def test_a_receiver_that_is_gone_is_not_tried_again(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    start_job(jobs, queue, clock)
    webhooks.record(claim_due(webhooks), Attempt(410))
    clock.advance(100 * HOUR_S)
    assert webhooks.claim() is None


def test_a_delivery_that_is_sent_again_during_an_attempt_begins_anew(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    start_job(jobs, queue, clock)
    under_way = claim_due(webhooks)
    SqlWebhookEndpointStore(engine, clock).send_again(DEFAULT_TENANT, under_way.id)
    second_claim = claim_due(webhooks)
    assert (second_claim.id, second_claim.attempts) == (under_way.id, 1)
    assert not webhooks.record(under_way, Attempt(410))
    assert webhooks.record(second_claim, FAILURE)
    clock.advance(6)
    assert claim_due(webhooks).attempts == 2


def test_a_delivery_to_a_deleted_endpoint_is_never_sent_unsigned(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoint, _ = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock).create(
        URL, JOB_EVENTS
    )
    start_job(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    with engine.begin() as connection:  # like a transaction that does not see the delivery yet
        connection.execute(text("DELETE FROM webhook_endpoints"))
    start_job(jobs, queue, clock, webhook_url="https://other.example/")
    assert claim_due(webhooks).url == "https://other.example/"
    assert webhooks.claim() is None


def test_an_endpoint_that_only_fails_for_five_days_is_disabled(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock)
    endpoint, secret = endpoints.create(URL, JOB_EVENTS)
    attempts = (
        (0, FAILURE, False),
        (4.9, FAILURE, False),
        (0.05, SUCCESS, False),
        (1, FAILURE, False),
        (5, FAILURE, True),
    )
    for days, attempt, disabled in attempts:
        clock.advance(days * 24 * HOUR_S)
        endpoints.test(endpoint.id)
        while claim := webhooks.claim():
            assert claim.secrets == (secret,)
            assert webhooks.record(claim, attempt)
        assert (endpoints.get(endpoint.id).disabled_at is not None) is disabled, days
    clock.advance(24 * HOUR_S)
    start_job(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    assert webhooks.claim() is None
    assert endpoints.change(endpoint.id, url=None, events=None, enabled=True).failing_since is None
    start_job(jobs, queue, clock, webhook_endpoint_id=endpoint.id, webhook_url=None)
    assert claim_due(webhooks).url == URL


def test_a_delivery_given_up_and_an_endpoint_disabled_are_told_to_the_other_endpoints(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    store = SqlWebhookEndpointStore(engine, clock)
    endpoints = WebhookEndpoints(store, LocalWakeUps(), clock)
    failing, _ = endpoints.create(URL, list(EventType))
    endpoints.create("https://not-told.example/", JOB_EVENTS)
    WebhookEndpoints(store, LocalWakeUps(), clock, "other").create("https://other.example/", list(EventType))
    endpoints.create("https://told.example/", [*JOB_EVENTS, *NOTICES])
    start_job(jobs, queue, clock, webhook_endpoint_id=failing.id, webhook_url=None)
    told: list[tuple[str, str, int]] = []

    def attempt_all() -> None:
        while claim := webhooks.claim():
            webhooks.record(claim, SUCCESS if claim.url == "https://told.example/" else FAILURE)
            if claim.url == "https://told.example/":
                body = json.loads(claim.body)
                told.append((body["type"], body["data"]["endpoint_id"], body["data"]["last_status"]))

    for _ in range(60):
        attempt_all()
        clock.advance(2 * HOUR_S)
    assert told == [("webhook.delivery_failed", failing.id, 500)]
    endpoints.test(failing.id)
    attempt_all()
    assert told[1:] == [("webhook.endpoint_disabled", failing.id, 500)]


def test_the_failure_of_a_notice_raises_no_notice(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock, engine: Engine
) -> None:
    endpoints = WebhookEndpoints(SqlWebhookEndpointStore(engine, clock), LocalWakeUps(), clock)
    for number in range(2):
        endpoints.create(f"https://{number}.example/", NOTICES)
    start_job(jobs, queue, clock)
    records = 0
    for _ in range(110):
        while claim := webhooks.claim():
            records += bool(webhooks.record(claim, FAILURE))
        clock.advance(2 * HOUR_S)
    # The failed delivery, and a notice of it for each endpoint.
    assert records == 3 * MOST_ATTEMPTS


def test_a_tenant_has_a_secret_of_its_own_that_stays(
    jobs: JobRepository, queue: WorkQueue, webhooks: DeliveryQueue, clock: ManualClock
) -> None:
    for tenant in ("acme", "other", "acme"):
        start_job(jobs, queue, clock, tenant=tenant, webhook_url=f"https://{tenant}.example/")
    by_url: dict[str, list[tuple[str, ...]]] = {}
    for _ in range(3):
        claim = claim_due(webhooks)
        by_url.setdefault(claim.url, []).append(claim.secrets)
    ours, second_claim = by_url["https://acme.example/"]
    (theirs,) = by_url["https://other.example/"]
    assert ours == second_claim != theirs
    assert len(ours) == 1
    assert ours[0].startswith("whsec_")
