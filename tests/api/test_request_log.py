"""Ids, log lines and metrics of requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from structlog.testing import capture_logs

from api.app import create_app
from shared.container import Services
from tests.support.api_client import UNKNOWN, bearer, post_raw, secret_of
from tests.support.figures import Figures, figures
from tests.support.media.case import spoken

JOB = "/v1/jobs/{job_id}"


def scrape(client: TestClient) -> Figures:
    return figures(client.get("/metrics").text)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def request_lines(lines: list[Any]) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == "request.done"]


@pytest.mark.parametrize("request_id", ["a", "0af7651916cd43dd8448eb211c80319c", "batch-7/call:3=x+y_z.1", "x" * 128])
def test_an_id_of_the_client_becomes_the_id_of_the_request(client: TestClient, request_id: str) -> None:
    for path in ("/v1/jobs", "/v1/nothing", f"/v1/jobs/{UNKNOWN}"):
        assert client.get(path, headers={"X-Request-ID": request_id}).headers["x-request-id"] == request_id


@pytest.mark.parametrize("unsafe", [None, "", "x" * 129, "two words", 'quo"te', "ä".encode()])
def test_a_request_without_an_id_that_is_safe_in_a_log_gets_a_new_one(client: TestClient, unsafe: Any) -> None:
    headers = {} if unsafe is None else {b"X-Request-ID": unsafe if isinstance(unsafe, bytes) else unsafe.encode()}
    ids = {client.get("/v1/jobs", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", request_id) for request_id in ids)


def test_the_log_line_has_the_route_and_the_path_and_no_query(
    client: TestClient, services: Services, lines: list[Any]
) -> None:
    secret = secret_of(services, "acme")
    client.get(f"/v1/jobs/{UNKNOWN}?wait=0&token=hidden", headers=bearer(secret))
    client.get("/v1/%0Aforged", headers=bearer(secret))
    known_route, unknown = request_lines(lines)
    assert known_route.pop("ms") >= 0
    assert known_route == {
        "event": "request.done",
        "log_level": "info",
        "method": "GET",
        "route": JOB,
        "path": f"/v1/jobs/{UNKNOWN}",
        "status": 422,  # the route has no such parameter
        "tenant": "acme",
    }
    assert (unknown["route"], unknown["path"], unknown["status"]) == ("unknown", "/v1/%0Aforged", 404)


def test_monitoring_is_neither_logged_nor_counted(client: TestClient, lines: list[Any]) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
    assert request_lines(lines) == []
    assert scrape(client).total("emoline_http_requests_total") == 0


def test_an_unforeseen_error_is_logged_and_counted_and_has_the_id(services: Services, lines: list[Any]) -> None:
    app = create_app(services, ["testserver"])

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken", headers={"X-Request-ID": "mine"})
        assert (answer.status_code, answer.headers["x-request-id"]) == (500, "mine")
        assert [(line["route"], line["status"]) for line in request_lines(lines)] == [("/broken", 500)]
        assert scrape(client)["emoline_http_requests_total", {"route": "/broken"}] == 1


def test_requests_are_counted_by_route_and_uploads_by_byte(client: TestClient) -> None:
    job_id = post_raw(client).json()["id"]
    for _ in range(3):
        client.get(f"/v1/jobs/{job_id}")
    client.get(f"/v1/jobs/{job_id}?wait=1")
    client.get(f"/v1/jobs/{UNKNOWN}")
    client.request("BREW", "/v1/jobs")
    scraped = scrape(client)
    requests, seconds = "emoline_http_requests_total", "emoline_http_request_duration_seconds_count"
    assert scraped[requests, {"method": "GET", "route": JOB, "status": "200"}] == 4
    assert scraped[requests, {"method": "GET", "route": JOB, "status": "404"}] == 1
    assert scraped[requests, {"method": "other"}] == 1
    assert scraped[seconds, {"method": "GET", "route": JOB}] == 4, "without the long poll"
    assert scraped.total("emoline_upload_bytes_total") == len(spoken("wav"))
    assert scraped["emoline_queue_jobs", {"queue": "prepare"}] == 1
    assert scraped["emoline_queue_bytes", {"queue": "prepare"}] == len(spoken("wav"))
    assert scraped.total("emoline_database_up") == 1


def test_metrics_come_as_open_metrics_if_the_request_accepts_these(client: TestClient) -> None:
    client.get("/v1/jobs")
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in open_metrics(answer.text)}
    assert families["emoline_http_requests"].type == "counter"
    assert families["emoline_http_request_duration_seconds"].type == "histogram"


def test_only_the_metrics_are_served_under_unknown_hosts(client: TestClient) -> None:
    assert client.get("/metrics", headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/v1/jobs", headers={"Host": "10.1.2.3:8000"}).status_code == 400
    assert client.get("/livez", headers={"Host": "10.1.2.3:8000"}).status_code == 400
