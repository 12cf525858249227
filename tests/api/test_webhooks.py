"""Webhook endpoints, secrets and deliveries over the API. For the sending see tests/e2e/test_webhooks.py."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.webhook import Attempt
from tests.support.api_client import assert_problem, bearer, post_raw, secret_of

URL = "https://hooks.example/emoline"
UNKNOWN = "whe_00000000-0000-7000-8000-000000000000"


def created(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhook-endpoints", json={"url": URL, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def started(client: TestClient, services: Services, config: str) -> str:
    """Submit a job and start it; return its id."""
    answer = post_raw(client, config=config)
    assert answer.status_code == 202, answer.text
    assert services.ports.work_queue.claim_preparation()
    return str(answer.json()["id"])


def deliveries(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/webhook-deliveries", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def record_attempt(services: Services, attempt: Attempt) -> None:
    claim = services.ports.deliveries.claim()
    assert claim
    assert services.ports.deliveries.record(claim, attempt)


def test_an_endpoint_is_created_read_changed_and_deleted(client: TestClient) -> None:
    endpoint = created(client, events=["job.failed"])
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint.pop("secret"))
    assert (endpoint["url"], endpoint["events"], endpoint["enabled"]) == (URL, ["job.failed"], True)
    assert client.get(path).json() == endpoint
    second = created(client)
    assert sorted(second["events"]) == ["job.alert", "job.canceled", "job.failed", "job.started", "job.succeeded"]
    listed = client.get("/v1/webhook-endpoints").json()["data"]
    assert [entry["id"] for entry in listed] == [second["id"], endpoint["id"]]
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
def test_an_invalid_endpoint_is_refused(standing_client: TestClient, body: dict[str, Any]) -> None:
    assert_problem(standing_client.post("/v1/webhook-endpoints", json=body), 422, "invalid_request")


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
def test_a_job_with_an_invalid_receiver_is_refused(standing_client: TestClient, config: str) -> None:
    assert_problem(post_raw(standing_client, config=config), 422, "invalid_config")


def test_a_job_with_an_unknown_endpoint_is_refused_and_leaves_no_files(client: TestClient, services: Services) -> None:
    assert_problem(post_raw(client, config=f'{{"webhook_endpoint_id": "{UNKNOWN}"}}'), 404, "endpoint_not_found")
    assert client.get("/v1/jobs").json()["data"] == []
    assert [path for path in services.settings.objects_dir.rglob("*") if path.is_file()] == []


def test_an_endpoint_gets_its_events_at_its_current_url(client: TestClient, services: Services) -> None:
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


def test_a_disabled_or_deleted_endpoint_gets_no_events(client: TestClient, services: Services) -> None:
    endpoint = created(client)
    path, config = f"/v1/webhook-endpoints/{endpoint['id']}", f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    started(client, services, config)
    client.patch(path, json={"enabled": False})
    started(client, services, config)
    assert [delivery["state"] for delivery in deliveries(client)] == ["disabled"]
    client.patch(path, json={"enabled": True})
    started(client, services, config)
    assert [delivery["state"] for delivery in deliveries(client)] == ["pending", "disabled"]
    client.delete(path)
    assert {delivery["state"] for delivery in deliveries(client)} == {"disabled"}
    redeliver_url = f"/v1/webhook-deliveries/{deliveries(client)[0]['id']}/redeliver"
    assert_problem(client.post(redeliver_url), 404, "endpoint_not_found")
    assert services.ports.deliveries.claim() is None


def test_secrets_of_endpoints_and_of_urls_are_rotated_separately(client: TestClient, services: Services) -> None:
    endpoint = created(client)
    new = client.post(f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret").json()["secret"]
    first, second = (client.post("/v1/webhook-secret/rotate").json()["secret"] for _ in range(2))
    assert len({endpoint["secret"], new, first, second}) == 4
    started(client, services, f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}')
    started(client, services, f'{{"webhook_url": "{URL}/own"}}')
    claims = [services.ports.deliveries.claim() for _ in range(2)]
    assert [claim.secrets for claim in claims if claim] == [(new, endpoint["secret"]), (second, first)]


def test_a_webhook_test_is_an_ordinary_delivery(client: TestClient, services: Services) -> None:
    endpoint = created(client, events=["job.failed"])
    answer = client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    assert answer.status_code == 202
    assert (answer.json()["event"], answer.json()["state"]) == ("webhook.test", "pending")
    record_attempt(services, Attempt(204))
    (delivery,) = deliveries(client)
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 204)
    assert delivery["delivered_at"]
    assert delivery["next_attempt_at"] is None
    assert delivery["payload"]["type"] == "webhook.test"


def test_a_delivery_can_be_sent_again_under_its_id(client: TestClient, services: Services) -> None:
    started(client, services, f'{{"webhook_url": "{URL}"}}')
    record_attempt(services, Attempt(410))
    (ended,) = deliveries(client)
    assert (ended["state"], ended["last_status"]) == ("disabled", 410)
    answer = client.post(f"/v1/webhook-deliveries/{ended['id']}/redeliver")
    assert answer.status_code == 202
    assert (answer.json()["id"], answer.json()["state"], answer.json()["attempts"]) == (ended["id"], "pending", 0)
    record_attempt(services, Attempt(200))
    assert [(delivery["id"], delivery["state"]) for delivery in deliveries(client)] == [(ended["id"], "delivered")]


def test_the_deliveries_of_a_span_of_time_are_sent_again(client: TestClient, services: Services) -> None:
    kept, gone = created(client), created(client)
    started(client, services, f'{{"webhook_endpoint_id": "{kept["id"]}"}}')
    record_attempt(services, Attempt(204))
    job_ids = [started(client, services, f'{{"webhook_url": "{URL}/{number}"}}') for number in range(2)]
    started(client, services, f'{{"webhook_endpoint_id": "{gone["id"]}"}}')
    for _ in range(3):
        record_attempt(services, Attempt(410))
    since = deliveries(client, job_id=job_ids[0])[0]["created_at"]

    def redelivered(**body: Any) -> int:
        answer = client.post("/v1/webhook-deliveries/redeliver", json={"since": since} | body)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["redelivered"])

    assert redelivered(until=since) == 0
    assert redelivered(states=["delivered"]) == 0
    assert redelivered(job_id=job_ids[1]) == 1
    assert redelivered() == 1  # the other is pending by now, and the endpoint of the third is disabled
    assert [delivery["state"] for delivery in deliveries(client)] == ["disabled", "pending", "pending", "delivered"]
    client.patch(f"/v1/webhook-endpoints/{gone['id']}", json={"enabled": True})
    assert redelivered(endpoint_id=kept["id"]) == 0
    assert redelivered(endpoint_id=gone["id"]) == 1
    assert redelivered(since="2000-01-01T00:00:00Z", states=["delivered"]) == 1
    assert {delivery["state"] for delivery in deliveries(client)} == {"pending"}
    for body in ({}, {"since": since, "states": ["pending"]}, {"since": 0}, {"since": since, "jobs": []}):
        assert_problem(client.post("/v1/webhook-deliveries/redeliver", json=body), 422, "invalid_request")
    unknown = {"since": since, "endpoint_id": UNKNOWN}
    assert_problem(client.post("/v1/webhook-deliveries/redeliver", json=unknown), 404, "endpoint_not_found")


def test_an_endpoint_that_answers_gone_is_disabled_with_its_pending_deliveries(
    client: TestClient, services: Services
) -> None:
    endpoint = created(client)
    for _ in range(2):
        started(client, services, f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}')
    record_attempt(services, Attempt(410))
    assert {delivery["state"] for delivery in deliveries(client)} == {"disabled"}
    assert client.get(f"/v1/webhook-endpoints/{endpoint['id']}").json()["enabled"] is False


def test_deliveries_are_listed_by_job_endpoint_and_state_in_pages(client: TestClient, services: Services) -> None:
    endpoint = created(client)
    config = f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    first = started(client, services, config)
    job_ids = [started(client, services, f'{{"webhook_url": "{URL}/own"}}') for _ in range(3)]
    record_attempt(services, Attempt(204))
    assert [delivery["job_id"] for delivery in deliveries(client)] == [*job_ids[::-1], first]
    assert [delivery["job_id"] for delivery in deliveries(client, job_id=job_ids[1])] == [job_ids[1]]
    assert [delivery["job_id"] for delivery in deliveries(client, endpoint_id=endpoint["id"])] == [first]
    assert [delivery["job_id"] for delivery in deliveries(client, state="delivered")] == [first]
    page = client.get("/v1/webhook-deliveries", params={"limit": 3}).json()
    assert [delivery["job_id"] for delivery in page["data"]] == job_ids[::-1]
    rest = client.get("/v1/webhook-deliveries", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert ([delivery["job_id"] for delivery in rest["data"]], rest["next_cursor"]) == ([first], None)
    assert_problem(client.get("/v1/webhook-deliveries?cursor=msg_%00"), 422, "invalid_cursor")
    assert_problem(client.get("/v1/webhook-deliveries?job_id=%00"), 422, "invalid_request")
    assert_problem(client.get("/v1/webhook-endpoints/whe_%00"), 404, "endpoint_not_found")
    assert_problem(client.post("/v1/webhook-deliveries/msg_%00/redeliver"), 404, "delivery_not_found")


def test_deliveries_are_deleted_with_their_job(client: TestClient, services: Services) -> None:
    job_id = started(client, services, f'{{"webhook_url": "{URL}"}}')
    client.delete(f"/v1/jobs/{job_id}")
    assert deliveries(client) == []
    assert services.ports.deliveries.claim() is None


def test_endpoints_and_deliveries_of_another_tenant_are_not_found(client: TestClient, services: Services) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    client.headers.update(bearer(ours))
    endpoint = created(client)
    config = f'{{"webhook_endpoint_id": "{endpoint["id"]}"}}'
    started(client, services, config)
    record_attempt(services, Attempt(204))
    (delivery,) = deliveries(client)
    client.headers.update(bearer(theirs))
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    for method, suffix in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test")]:
        body = {"enabled": False} if method == "PATCH" else None
        assert_problem(client.request(method, path + suffix, json=body), 404, "endpoint_not_found")
    assert_problem(client.post(f"/v1/webhook-deliveries/{delivery['id']}/redeliver"), 404, "delivery_not_found")
    again = {"since": "2000-01-01T00:00:00Z", "states": ["delivered", "failed", "disabled"]}
    assert client.post("/v1/webhook-deliveries/redeliver", json=again).json() == {"redelivered": 0}
    assert_problem(post_raw(client, config=config), 404, "endpoint_not_found")
    assert client.get("/v1/webhook-endpoints").json()["data"] == []
    for only in ({}, {"endpoint_id": endpoint["id"]}, {"job_id": delivery["job_id"]}):
        assert deliveries(client, **only) == []
    client.headers.update(bearer(ours))
    assert client.get(path).json()["enabled"]
    assert deliveries(client) == [delivery]


def test_the_query_of_a_webhook_url_is_shown_to_nobody(client: TestClient, services: Services) -> None:
    job_id = started(client, services, f'{{"webhook_url": "{URL}?token=5ecre7"}}')
    claim = services.ports.deliveries.claim()
    assert claim
    assert claim.url == f"{URL}?token=5ecre7"
    answers = [client.get(path) for path in (f"/v1/jobs/{job_id}", "/v1/jobs", "/v1/webhook-deliveries")]
    for text in (claim.body, *(answer.text for answer in answers)):
        assert URL in text
        assert "5ecre7" not in text
