"""Security headers, cross-origin requests, and limits on the size of requests."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.connections import ConnectionLimits
from api.middleware.body_limit import MAX_BODY_BYTES, RECORDING_PATHS, limit_of
from api.server import listen, serving
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.api_client import WAV, assert_problem, post_raw
from tests.support.api_routes import IDS, routes
from tests.support.waiting import PATIENCE_S

JSON = {"Content-Type": "application/json"}
PAGE = "https://app.example"


def test_every_response_has_the_security_headers(standing_client: TestClient) -> None:
    paths = [path.format(**IDS) for method, path in routes(standing_client) if method == "GET"]
    for path in [*paths, "/docs", "/errors", "/openapi.json", "/nowhere"]:
        headers = standing_client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert (headers.get("cache-control") == "no-store") is path.startswith("/v1/"), path
        assert "strict-transport-security" not in headers, path


def test_a_route_may_set_its_own_cache_control(standing_client: TestClient) -> None:
    job_id = post_raw(standing_client).json()["id"]
    standing_client.post(f"/v1/jobs/{job_id}/cancel")
    with standing_client.stream("GET", f"/v1/jobs/{job_id}/events") as events:
        assert events.headers["cache-control"] == "no-cache"


def test_https_responses_have_strict_transport_security(services: Services) -> None:
    with TestClient(create_app(services, ["testserver"]), base_url="https://testserver") as client:
        assert "max-age" in client.get("/v1/jobs").headers["strict-transport-security"]


def test_the_documentation_page_loads_files_from_the_service_alone(standing_client: TestClient) -> None:
    page = standing_client.get("/docs")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["connect-src"] == "'self'"
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert urlsplit(link).netloc == "testserver"


@pytest.fixture(scope="module")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("shared"), cors_origins=[PAGE])
    with (
        open_services(settings, LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):
        yield client


def test_a_page_of_an_allowed_origin_may_use_the_service(shared_client: TestClient) -> None:
    request_headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = shared_client.options("/v1/jobs", headers=request_headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "authorization"
    answer = shared_client.post("/v1/jobs", content=WAV, headers={"Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    readable = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"location", "retry-after", "etag", "ratelimit", "ratelimit-policy"} <= set(readable)
    assert "access-control-allow-credentials" not in answer.headers


def test_a_page_of_another_origin_may_not_use_the_service(shared_client: TestClient, client: TestClient) -> None:
    request_headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    refused = shared_client.options("/v1/jobs", headers=request_headers)
    assert_problem(refused, 400, "bad_request")
    assert "access-control-allow-origin" not in refused.headers
    by_default = client.get("/v1/jobs", headers={"Origin": PAGE})
    assert "access-control-allow-origin" not in by_default.headers
    assert client.options("/v1/jobs", headers=request_headers | {"Origin": PAGE}).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    job_id = post_raw(client).json()["id"]
    for method, path in routes(client):
        answer = client.request(method, path.format(**IDS), headers=headers)
        if method not in ("GET", "HEAD"):
            assert_problem(answer, 403, "cross_site")
        else:
            assert answer.status_code != 403
    form = {"Content-Type": "text/plain"} | headers
    assert_problem(client.post("/v1/jobs", content=WAV, headers=form), 403, "cross_site")
    assert_problem(client.post(f"/v1/jobs/{job_id}/cancel", headers=headers), 403, "cross_site")
    assert [job["status"] for job in client.get("/v1/jobs").json()["data"]] == ["queued"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_the_services_own_page_and_those_of_allowed_origins_do(
    shared_client: TestClient, headers: dict[str, str]
) -> None:
    assert shared_client.post("/v1/jobs", content=WAV, headers=headers).status_code == 202


def test_a_body_over_the_limit_is_refused_on_every_path_that_takes_no_recording(standing_client: TestClient) -> None:
    with_body = [(method, path) for method, path in routes(standing_client) if method not in ("GET", "HEAD")]
    assert len(with_body) > 10
    for method, path in with_body:
        large = b" " * (limit_of(path) + 1)
        for body in (large, iter([large])):  # with its length, and in chunks without
            answer = standing_client.request(method, path.format(**IDS), content=body, headers=JSON)
            assert_problem(answer, 413, "body_too_large")


def test_a_body_within_the_limit_comes_through_whole_however_it_is_sent(client: TestClient) -> None:
    body = json.dumps({"name": "x"}).encode().ljust(MAX_BODY_BYTES)
    for content in (body, iter([body[:5], body[5:]])):
        assert client.post("/v1/keys", content=content, headers=JSON).status_code == 201


def test_recordings_may_be_larger(standing_client: TestClient) -> None:
    padded = WAV.ljust(MAX_BODY_BYTES + 1, b"\0")
    assert post_raw(standing_client, padded).status_code == 202
    assert standing_client.post("/v1/jobs", content=iter([padded])).status_code == 202
    streamed = {path for _, path in routes(standing_client) if RECORDING_PATHS.fullmatch(path)}
    assert streamed == {"/v1/jobs", "/v1/uploads/tus/{upload_id}", "/v1/uploads/{upload_id}/parts/{number}"}


def flood(connection: socket.socket, part: bytes) -> None:
    """Send a part of a header a thousand times."""
    for _ in range(1000):
        connection.sendall(part)


@pytest.mark.parametrize("part", [b"X-More: " + b"x" * 8000 + b"\r\n", b"x" * 16_000], ids=["fields", "one value"])
def test_request_headers_that_do_not_end_are_refused(services: Services, part: bytes) -> None:
    with listen("127.0.0.1", 0) as listener, serving(create_app(services, ["127.0.0.1"]), listener):
        host, port = listener.getsockname()
        with socket.create_connection((host, port)) as connection:
            connection.settimeout(PATIENCE_S)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-First: ")
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                flood(connection, part)


@contextmanager
def narrow(services: Services) -> Iterator[tuple[str, int]]:
    limits = ConnectionLimits(4, head_s=0.5)
    with listen("127.0.0.1", 0) as listener, serving(create_app(services, ["127.0.0.1"]), listener, limits):
        yield listener.getsockname()


def closed(connection: socket.socket) -> bool:
    connection.settimeout(PATIENCE_S)
    with suppress(ConnectionResetError):
        while connection.recv(1 << 16):
            pass
    return True


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /livez HTTP/1.1\r\nHost: 127", b"GET /livez HTTP/1.1\r\nX: "])
def test_a_connection_without_a_whole_head_is_dropped(services: Services, sent: bytes) -> None:
    with narrow(services) as address, socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert closed(connection)


def test_empty_lines_keep_no_connection_open_after_a_request(services: Services) -> None:
    with narrow(services) as address, socket.create_connection(address) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        assert closed(connection)


def test_an_address_has_half_of_the_connections_and_a_slow_answer_is_not_cut_off(services: Services) -> None:
    request = b"GET /v1/jobs/%s?wait=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with services.submission.begin() as upload:
        upload.write(WAV)
        job_id = upload.commit("call.wav", JobOptions()).id
    with narrow(services) as address, ExitStack() as opened:
        waiting, second, third = (opened.enter_context(socket.create_connection(address)) for _ in range(3))
        waiting.sendall(request % job_id.encode())
        assert closed(third)
        assert closed(second)
        waiting.settimeout(PATIENCE_S)
        assert waiting.recv(1 << 16).startswith(b"HTTP/1.1 200")
        with socket.create_connection(address) as later:
            later.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert later.recv(1 << 16).startswith(b"HTTP/1.1 200")
