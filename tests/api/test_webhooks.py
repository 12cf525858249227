"""Endpoints, secrets and the log of deliveries, over the API; what is sent: tests/e2e/test_webhooks.py."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.webhook import Attempt
from tests.api.test_access import as_, secret_of
from tests.api.test_submit import assert_problem, post_raw

URL = "https://hooks.example/emoline"
UNKNOWN = "whe_00000000-0000-7000-8000-000000000000"


def created(client: TestClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhook-endpoints", json={"url": URL, **wanted})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def started(client: TestClient, services: Services, config: str) -> str:
    """The id of a job that was submitted and has begun."""
    answer = post_raw(client, config=config)
    assert answer.status_code == 202, answer.text
    assert services.ports.work_queue.claim_preparation()
    return str(answer.json()["id"])


def deliveries(client: TestClient, **only: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/webhook-deliveries", params=only)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def attempt(services: Services, came: Attempt) -> None:
    claim = services.ports.deliveries.claim()
    assert claim
    assert services.ports.deliveries.record(claim, came)


def test_an_endpoint_is_made_looked_at_changed_and_deleted(client: TestClient) -> None:
    endpoint = created(client, events=["job.failed"])
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint.pop("secret"))
    assert (endpoint["url"], endpoint["events"], endpoint["enabled"]) == (URL, ["job.failed"], True)
    assert client.get(path).json() == endpoint
    other = created(client)
    assert sorted(other["events"]) == ["job.alert", "job.canceled", "job.failed", "job.started", "job.succeeded"]
    listed = client.get("/v1/webhook-endpoints").json()["data"]
    assert [one["id"] for one in listed] == [other["id"], endpoint["id"]]
    assert "secret" not in listed[0]
    changed = client.patch(path, json={"url": f"{URL}/2", "enabled": False}).json()
    assert (changed["url"], changed["events"], changed["enabled"]) == (f"{URL}/2", ["job.failed"], False)
    assert client.get(path).json() == changed
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404, "endpoint_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "ftp://hooks.example"},
        {"url": "https://me:secret@hooks.example"},
        {"url": "https://hooks.example/ ä"},
        {"url": URL, "events": []},
        {"url": URL, "events": ["job.bored"]},
        {"url": URL, "events": ["webhook.test"]},
        {"url": URL, "secret": "mine"},
    ],
)
def test_an_endpoint_that_cannot_be_meant_is_not_made(client: TestClient, body: dict[str, Any]) -> None:
    assert_problem(client.post("/v1/webhook-endpoints", json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    "config",
    [
        '{"webhook_url": "file:///etc/passwd"}',
        '{"webhook_url": "https://me@hooks.example/"}',
        '{"webhook_url": ""}',
        '{"webhook_endpoint_id": "whe_1"}',
        '{"webhook_endpoint_id": "\\u0000"}',
        '{"webhook_url": "https://hooks.example/", "webhook_endpoint_id": "whe_1"}',
    ],
)
def test_a_job_with_a_receiver_that_cannot_be_meant_is_refused(client: TestClient, config: str) -> None:
    assert_problem(post_raw(client, config=config), 422, "invalid_config")


def test_a_job_that_names_an_endpoint_that_is_not_there_is_refused_and_leaves_nothing(
    client: TestClient, services: Services
) -> None:
    assert_problem(post_raw(client, config=f'{{"webhook_endpoint_id": "{UNKNOWN}"}}'), 404, "endpoint_not_found")
    assert client.get("/v1/jobs").json()["data"] == []
    assert [path for path in services.settings.objects_dir.rglob("*") if path.is_file()] == []


def test_an_endpoint_gets_the_events_that_it_wants_at_the_url_that_it_has(
    client: TestClient, services: Services
) -> None:
    endpoint = created(client, events=["job.started", "job.failed"])
    job_id = started(client, services, f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}')
    assert client.post(f"/v1/jobs/{job_id}/cancel").status_code == 202
    (delivery,) = deliveries(client)
    assert (delivery["event"], delivery["job_id"], delivery["endpoint_id"]) == ("job.started", job_id, endpoint["id"])
    assert (delivery["state"], delivery["attempts"], delivery["url"]) == ("pending", 0, URL)
    assert delivery["payload"]["data"]["id"] == job_id
    client.patch(f"/v1/webhook-endpoints/{endpoint['id']}", json={"url": "https://new.example/"})
    claim = services.ports.deliveries.claim()
    assert claim
    assert (claim.url, claim.secrets) == ("https://new.example/", (endpoint["secret"],))


def test_a_disabled_or_deleted_endpoint_gets_nothing_more(client: TestClient, services: Services) -> None:
    endpoint = created(client)
    path, config = f"/v1/webhook-endpoints/{endpoint['id']}", f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    started(client, services, config)
    client.patch(path, json={"enabled": False})
    started(client, services, config)
    assert [one["state"] for one in deliveries(client)] == ["disabled"]
    client.patch(path, json={"enabled": True})
    started(client, services, config)
    assert [one["state"] for one in deliveries(client)] == ["pending", "disabled"]
    client.delete(path)
    assert {one["state"] for one in deliveries(client)} == {"disabled"}
    again = f"/v1/webhook-deliveries/{deliveries(client)[0]['id']}/redeliver"
    assert_problem(client.post(again), 404, "endpoint_not_found")
    assert services.ports.deliveries.claim() is None


def test_secrets_of_endpoints_and_of_urls_are_replaced_apart(client: TestClient, services: Services) -> None:
    endpoint = created(client)
    new = client.post(f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret").json()["secret"]
    first, second = (client.post("/v1/webhook-secret/rotate").json()["secret"] for _ in range(2))
    assert len({endpoint["secret"], new, first, second}) == 4
    started(client, services, f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}')
    started(client, services, f'{{"webhook_url": "{URL}/own"}}')
    claims = [services.ports.deliveries.claim() for _ in range(2)]
    assert [claim.secrets for claim in claims if claim] == [(new, endpoint["secret"]), (second, first)]


def test_a_test_is_a_delivery_like_any_other(client: TestClient, services: Services) -> None:
    endpoint = created(client, events=["job.failed"])
    answer = client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    assert answer.status_code == 202
    assert (answer.json()["event"], answer.json()["state"]) == ("webhook.test", "pending")
    attempt(services, Attempt(204))
    (delivery,) = deliveries(client)
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 204)
    assert delivery["delivered_at"]
    assert delivery["next_attempt_at"] is None
    assert delivery["payload"]["type"] == "webhook.test"


def test_what_was_given_up_is_sent_again_when_asked_for_under_its_id(client: TestClient, services: Services) -> None:
    started(client, services, f'{{"webhook_url": "{URL}"}}')
    attempt(services, Attempt(410))
    (ended,) = deliveries(client)
    assert (ended["state"], ended["last_status"]) == ("disabled", 410)
    answer = client.post(f"/v1/webhook-deliveries/{ended['id']}/redeliver")
    assert answer.status_code == 202
    assert (answer.json()["id"], answer.json()["state"], answer.json()["attempts"]) == (ended["id"], "pending", 0)
    attempt(services, Attempt(200))
    assert [(one["id"], one["state"]) for one in deliveries(client)] == [(ended["id"], "delivered")]


def test_an_endpoint_that_says_it_is_gone_is_disabled_with_all_that_waits_for_it(
    client: TestClient, services: Services
) -> None:
    endpoint = created(client)
    for _ in range(2):
        started(client, services, f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}')
    attempt(services, Attempt(410))
    assert {one["state"] for one in deliveries(client)} == {"disabled"}
    assert client.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()["enabled"] is False


def test_deliveries_are_listed_by_job_endpoint_and_state_a_page_at_a_time(
    client: TestClient, services: Services
) -> None:
    endpoint = created(client)
    config = f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    first = started(client, services, config)
    others = [started(client, services, f'{{"webhook_url": "{URL}/own"}}') for _ in range(3)]
    attempt(services, Attempt(204))
    assert [one["job_id"] for one in deliveries(client)] == [*others[::-1], first]
    assert [one["job_id"] for one in deliveries(client, job_id=others[1])] == [others[1]]
    assert [one["job_id"] for one in deliveries(client, endpoint_id=endpoint["id"])] == [first]
    assert [one["job_id"] for one in deliveries(client, state="delivered")] == [first]
    page = client.get("/v1/webhook-deliveries", params={"limit": 3}).json()
    assert [one["job_id"] for one in page["data"]] == others[::-1]
    rest = client.get("/v1/webhook-deliveries", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert ([one["job_id"] for one in rest["data"]], rest["next_cursor"]) == ([first], None)
    assert_problem(client.get("/v1/webhook-deliveries?cursor=msg_%00"), 422, "invalid_cursor")
    assert_problem(client.get("/v1/webhook-deliveries?job_id=%00"), 422, "invalid_request")
    assert_problem(client.get("/v1/webhook-endpoints/whe_%00"), 404, "endpoint_not_found")
    assert_problem(client.post("/v1/webhook-deliveries/msg_%00/redeliver"), 404, "delivery_not_found")


def test_what_tells_of_a_job_goes_with_it(client: TestClient, services: Services) -> None:
    job_id = started(client, services, f'{{"webhook_url": "{URL}"}}')
    client.delete(f"/v1/jobs/{job_id}")
    assert deliveries(client) == []
    assert services.ports.deliveries.claim() is None


def test_another_tenants_endpoints_and_deliveries_are_not_there(client: TestClient, services: Services) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    client.headers.update(as_(ours))
    endpoint = created(client)
    config = f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    started(client, services, config)
    (delivery,) = deliveries(client)
    client.headers.update(as_(theirs))
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    for method, asked in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test")]:
        body = {"enabled": False} if method == "PATCH" else None
        assert_problem(client.request(method, path + asked, json=body), 404, "endpoint_not_found")
    assert_problem(client.post(f"/v1/webhook-deliveries/{delivery['id']}/redeliver"), 404, "delivery_not_found")
    assert_problem(post_raw(client, config=config), 404, "endpoint_not_found")
    assert client.get("/v1/webhook-endpoints").json()["data"] == []
    for only in ({}, {"endpoint_id": endpoint["id"]}, {"job_id": delivery["job_id"]}):
        assert deliveries(client, **only) == []
    client.headers.update(as_(ours))
    assert client.get(path).json()["enabled"]
    assert deliveries(client) == [delivery]
