"""Events over HTTP, to a receiver of the test's own: everything on the way is real."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cli.embedded import embedded_service
from shared.adapters.clock import SystemClock
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.adapters.outgoing_http import Outgoing
from shared.container import Services, open_services
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.receiver import Received, Receiver, Reply, receiving
from tests.support.service_client import Client
from tests.support.stored_jobs import new_job
from tests.support.waiting import PATIENCE_S, wait_until
from worker.adapters.webhook_sender import WebhookSender
from worker.stages.deliver import DeliverStage

LOCAL = [ip_network("127.0.0.0/8")]
JOBS = 40
DAY_S = 86_400.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def stored(services: Services, clock: ManualClock) -> Iterator[Services]:
    """Services whose jobs and deliveries are on the test's clock."""
    with open_services(services.settings, LocalWakeUps(), clock) as opened:
        yield opened


def deliver_due(services: Services, timeout_s: float = PATIENCE_S) -> None:
    """Attempts everything that is due once, and returns when it is answered."""
    sender = WebhookSender(Outgoing(LOCAL), SystemClock(), timeout_s)
    begun = True
    while begun:
        with DeliverStage(services, sender) as stage:
            begun = False
            while stage.run_once():
                begun = True


def canceled_job(services: Services, clock: ManualClock, url: str) -> None:
    """A job that began and was canceled, of which two events tell."""
    new_job(services.jobs, clock, webhook_url=url)
    claim = services.ports.work_queue.claim_preparation()
    assert claim
    services.cancellation.cancel(claim.job.id)


def logged(client: Client, **only: str) -> list[dict[str, Any]]:
    return list(client.get("/v1/webhook-deliveries", params=only).json()["data"])


def verified(request: Received, *secrets: str) -> Any:
    """The event. Raises WebhookVerificationError unless each of the secrets has signed it."""
    for secret in secrets:
        event = Webhook(secret).verify(request.body, request.headers)
    return event


def test_a_receiver_that_fails_hangs_and_drops_gets_every_event_under_one_id_with_valid_signatures(
    stored: Services, clock: ManualClock, receiver: Receiver
) -> None:
    secret = stored.webhook_endpoints.rotate_secret()
    tries: Counter[tuple[str, str]] = Counter()
    accepted: set[tuple[str, str]] = set()

    def moody(request: Received) -> Reply:
        event_key = (request.path, json.loads(request.body)["type"])
        tries[event_key] += 1
        mood = Random(f"seed 3, {event_key}, {tries[event_key]}").random()  # the same, in whatever order they come
        if mood < 0.30:
            return Reply(500)
        if mood < 0.40:
            return Reply(204, hang_s=1)
        if mood < 0.45:
            return Reply(None)
        accepted.add(event_key)
        return Reply()

    receiver.answer = moody
    for number in range(JOBS):
        canceled_job(stored, clock, f"{receiver.url}/{number}")
    for _ in range(10):
        deliver_due(stored, timeout_s=0.5)
        clock.advance(1.2 * DAY_S)
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for request in receiver.received:
        event = verified(request, secret)
        ids[request.path, event["type"]].add(request.headers["webhook-id"])
    expected = {(f"/hook/{number}", kind) for number in range(JOBS) for kind in ("job.started", "job.canceled")}
    assert accepted == expected
    assert len(receiver.received) > 1.3 * len(expected)
    assert all(len(ids_of_event) == 1 for ids_of_event in ids.values())
    assert len({event_id for ids_of_event in ids.values() for event_id in ids_of_event}) == len(expected)
    assert max(map(len, (request.body for request in receiver.received))) < 20_000


def test_a_secret_that_is_replaced_signs_for_a_day_yet(
    stored: Services, clock: ManualClock, receiver: Receiver
) -> None:
    old = stored.webhook_endpoints.rotate_secret()
    canceled_job(stored, clock, receiver.url)
    deliver_due(stored)
    new = stored.webhook_endpoints.rotate_secret()
    canceled_job(stored, clock, receiver.url)
    deliver_due(stored)
    clock.advance(DAY_S + 1)
    canceled_job(stored, clock, receiver.url)
    deliver_due(stored)
    before, between, after = (receiver.received[index] for index in (0, 2, 4))
    verified(before, old)
    verified(between, old, new)
    verified(after, new)
    with pytest.raises(WebhookVerificationError):
        verified(after, old)


def test_a_receiver_that_hangs_holds_up_its_own_events_only(
    stored: Services, clock: ManualClock, receiver: Receiver
) -> None:
    release = Event()
    receiver.answer = lambda _: Reply(hold=release)
    sender = WebhookSender(Outgoing(LOCAL), SystemClock(), PATIENCE_S)
    with receiving() as quick, DeliverStage(stored, sender) as stage:
        for url in [receiver.url] * 20 + [quick.url] * 5:
            canceled_job(stored, clock, url)

        def all_quick_delivered() -> bool:
            stage.run_once()
            return len(quick.received) == 10

        wait_until(all_quick_delivered)
        assert len(receiver.received) == 2
        release.set()


def test_a_delivery_claimed_by_a_dead_worker_is_sent_again(
    stored: Services, clock: ManualClock, receiver: Receiver
) -> None:
    canceled_job(stored, clock, receiver.url)
    assert stored.ports.deliveries.claim()  # and no more is heard of who claimed
    deliver_due(stored)
    assert len(receiver.received) == 1
    clock.advance(121)
    deliver_due(stored)
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 2


@pytest.mark.parametrize(("status", "attempts"), [(200, 1), (204, 1), (301, 2), (404, 2), (410, 1), (503, 2)])
def test_only_2xx_is_success_and_410_ends_it(
    status: int, attempts: int, stored: Services, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(status, {"Location": receiver.url, "Retry-After": "3600"})
    new_job(stored.jobs, clock, webhook_url=receiver.url)
    stored.ports.work_queue.claim_preparation()
    deliver_due(stored)
    clock.advance(3590)
    deliver_due(stored)
    assert len(receiver.received) == 1
    clock.advance(20)
    deliver_due(stored)
    assert len(receiver.received) == attempts


def test_the_service_tells_of_a_job_from_start_to_end(tmp_path: Path, receiver: Receiver) -> None:
    settings = Settings(data_dir=tmp_path, allowed_networks=LOCAL)
    with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url) as client:
        secret = client.post("/v1/webhook-secret/rotate").json()["secret"]
        content = encoded(speech_like(8, seed=21).samples[:, None], 16_000, "wav")
        rules = [
            {"name": "any", "emotions": ["unknown"], "at_least_ms": 1},
            {"name": "never", "emotions": ["unknown"], "at_least_ms": 60_000},
        ]
        options = {"alerts": rules, "aggregation": {"min_confidence": 1}}
        job, result = client.analysed(content, webhook_url=receiver.url, metadata={"case": "7"}, **options)
        client.analysed(content, webhook_url="http://10.0.0.1/")
        wait_until(lambda: len(logged(client, state="delivered")) == 3)
        wait_until(lambda: all(delivery["last_error"] for delivery in logged(client, state="pending")))
        refused = logged(client, state="pending")
    assert {delivery["last_error"] for delivery in refused} == {"The URL leads to an address that is not public."}
    events = [verified(request, secret) for request in receiver.received]
    assert sorted(event["type"] for event in events) == ["job.alert", "job.started", "job.succeeded"]
    alert = next(event["data"]["alert"] for event in events if event["type"] == "job.alert")
    lengths_ms = [segment["end_ms"] - segment["start_ms"] for segment in result["segments"]]
    assert alert["heard_ms"] == pytest.approx(sum(lengths_ms), abs=len(lengths_ms))
    assert job["alerts"] == [alert]
    ended = next(event for event in events if event["type"] == "job.succeeded")
    assert ended["data"]["id"] == job["id"]
    assert ended["data"]["progress"] == job["progress"]
    assert {request.headers["user-agent"].split("/")[0] for request in receiver.received} == {"Emoline"}
