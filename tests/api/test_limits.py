"""Limits of a tenant, and the errors and headers for requests over them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from limits.aio.storage import memory

from api.app import create_app
from api.server import listen, serving
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_services
from shared.domain.errors import QuotaExceeded
from shared.domain.limits import Limits
from shared.services.submission import StreamedUpload
from shared.settings import Settings
from tests.support.api_client import (
    UNKNOWN,
    WAV,
    assert_problem,
    bearer,
    post_form,
    post_raw,
    prepared,
    secret_of,
    stored_files,
)
from tests.support.clock import ManualClock
from tests.support.waiting import PATIENCE_S

DAY_S = 24 * 3600


@contextmanager
def limited(folder: Path, limits: Limits) -> Iterator[tuple[TestClient, Services]]:
    with (
        open_services(Settings(data_dir=folder, limits=limits), LocalWakeUps()) as services,
        TestClient(create_app(services, ["testserver"])) as client,
    ):
        yield client, services


@pytest.fixture
def rate_clock(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """The clock by which the rate of requests is counted: it stands still, however long the requests take."""
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: clock.now().timestamp()))
    return clock


def test_without_limits_no_response_has_rate_limit_headers(client: TestClient) -> None:
    answers = [post_raw(client), client.get("/v1/jobs")]
    assert not any(name.startswith("ratelimit") for answer in answers for name in answer.headers)


def test_requests_over_the_rate_are_refused_and_all_responses_have_the_remaining_quota(
    tmp_path: Path, rate_clock: ManualClock
) -> None:
    with limited(tmp_path, Limits(requests_per_s=5)) as (client, _):
        answers = [client.get("/v1/jobs") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert_problem(answers[-1], 429, "rate_limited")
        assert answers[-1].headers["retry-after"] == "1"
        quotas = [re.fullmatch(r'"requests";r=(\d);t=1', answer.headers["ratelimit"]) for answer in answers]
        assert [match and match[1] for match in quotas] == ["4", "3", "2", "1", "0", "0"]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"requests";q=5;w=1'}
        assert "retry-after" not in answers[0].headers
        rate_clock.advance(1.1)
        assert client.get("/v1/jobs").status_code == 200


@pytest.mark.usefixtures("rate_clock")
def test_errors_have_the_remaining_quota_and_health_checks_have_no_limit(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(requests_per_s=1)) as (client, _):
        assert client.get(f"/v1/jobs/{UNKNOWN}").headers["ratelimit"] == '"requests";r=0;t=1'
        for path in ("/livez", "/readyz", "/docs"):
            assert client.get(path).status_code == 200
            assert "ratelimit" not in client.get(path).headers


@pytest.mark.usefixtures("rate_clock")
def test_the_rate_is_counted_by_tenant_over_all_of_its_keys(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(requests_per_s=2)) as (client, services):
        ours, second_key, theirs = (secret_of(services, tenant) for tenant in ("acme", "acme", "other"))
        for secret, status in ((ours, 200), (second_key, 200), (ours, 429), (second_key, 429), (theirs, 200)):
            assert client.get("/v1/jobs", headers=bearer(secret)).status_code == status


def test_jobs_over_the_limit_of_open_jobs_are_refused_until_one_has_ended(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(open_jobs=2)) as (client, services):
        first, _ = post_raw(client).json(), post_form(client).json()
        for answer in (post_raw(client), post_form(client)):
            assert_problem(answer, 429, "too_many_open_jobs")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["ratelimit-policy"] == '"open-jobs";q=2;qu="jobs"'
        assert len(stored_files(services)) == 2
        client.post(f"/v1/jobs/{first['id']}/cancel")
        assert post_raw(client).status_code == 202


def test_bytes_over_the_daily_quota_are_refused_and_deleted_jobs_count(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(upload_bytes_per_day=2 * len(WAV) + 100)) as (client, services):
        for _ in range(2):
            assert client.delete(f"/v1/jobs/{post_raw(client).json()['id']}").status_code == 204
        for answer in (post_raw(client), post_form(client)):
            assert_problem(answer, 429, "quota_exceeded")
            assert 0 < int(answer.headers["retry-after"]) <= DAY_S
            policy = f'"upload-bytes";q={2 * len(WAV) + 100};w={DAY_S};qu="content-bytes"'
            assert answer.headers["ratelimit-policy"] == policy
            assert answer.headers["ratelimit"].startswith('"upload-bytes";r=100;t=')
        assert stored_files(services) == []


def test_an_upload_over_the_quota_is_refused_with_or_without_a_declared_length(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(upload_bytes_per_day=1000)) as (client, services):
        declared = post_raw(client)
        assert_problem(declared, 429, "quota_exceeded")
        chunked = client.post("/v1/jobs", content=iter([WAV]))  # its length is known at its end
        assert_problem(chunked, 429, "quota_exceeded")
        assert stored_files(services) == []


def test_a_declared_length_over_the_quota_is_refused_before_the_body_comes(services: Services) -> None:
    settings = services.settings.model_copy(update={"limits": Limits(upload_bytes_per_day=1000)})
    few = build_services(replace(services.ports, settings=settings))
    with listen("127.0.0.1", 0) as listener, serving(create_app(few, ["127.0.0.1"]), listener):
        with socket.create_connection(listener.getsockname()) as connection:
            connection.settimeout(PATIENCE_S)
            connection.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1001\r\n\r\n")
            answer = connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 429 ")


def test_a_recording_in_chunks_is_refused_long_before_its_end(tmp_path: Path) -> None:
    limits = Limits(upload_bytes_per_day=9 << 20)
    with limited(tmp_path, limits) as (_, services), services.submission.begin() as upload:
        with pytest.raises(QuotaExceeded):
            write_all(upload, [WAV[:44] + bytes((1 << 20) - 44)] * 40)
        assert upload.size <= 16 << 20


def write_all(upload: StreamedUpload, blocks: list[bytes]) -> None:
    for block in blocks:
        upload.write(block)


def begun(client: TestClient, size: int) -> Response:
    return client.post("/v1/uploads", json={"size_bytes": size})


def test_the_bytes_of_unfinished_uploads_count(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(upload_bytes_per_day=len(WAV) + 600)) as (client, _):
        first = begun(client, 600).json()["id"]
        assert_problem(begun(client, len(WAV) + 1), 429, "quota_exceeded")
        whole = begun(client, len(WAV)).json()
        assert_problem(post_raw(client), 429, "quota_exceeded")
        assert client.put(f"/v1/uploads/{whole['id']}/parts/1", content=WAV).status_code == 204
        assert client.post("/v1/jobs", json={"source": {"upload_id": whole["id"]}}).status_code == 202
        assert_problem(begun(client, 1), 429, "quota_exceeded")
        assert client.delete(f"/v1/uploads/{first}").status_code == 204
        assert begun(client, 600).status_code == 201


def test_unfinished_uploads_are_as_many_as_open_jobs_may_be(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(open_jobs=2)) as (client, services):
        whole, _ = (begun(client, len(WAV)).json()["id"] for _ in range(2))
        for answer in (begun(client, 1), post_raw(client)):
            assert_problem(answer, 429, "too_many_open_jobs")
        assert client.put(f"/v1/uploads/{whole}/parts/1", content=WAV).status_code == 204
        assert client.post("/v1/jobs", json={"source": {"upload_id": whole}}).status_code == 202
        assert_problem(begun(client, 1), 429, "too_many_open_jobs")
        assert begun_by(client, services, "other").status_code == 201


def begun_by(client: TestClient, services: Services, tenant: str) -> Response:
    headers = bearer(secret_of(services, tenant))
    return client.post("/v1/uploads", json={"size_bytes": 1}, headers=headers)


def test_audio_over_the_daily_quota_is_refused_as_soon_as_it_is_decoded(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(audio_hours_per_day=0.5)) as (client, services):
        post_raw(client)
        prepared(services, 1799)
        assert post_raw(client).status_code == 202
        prepared(services, 1)
        refused = post_raw(client)
        assert_problem(refused, 429, "quota_exceeded")
        assert refused.headers["ratelimit-policy"] == f'"audio";q=1800;w={DAY_S};qu="audio-seconds"'


def test_limits_do_not_count_the_jobs_of_another_tenant(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(open_jobs=1, upload_bytes_per_day=len(WAV))) as (client, services):
        for tenant in ("acme", "other"):
            headers = bearer(secret_of(services, tenant))
            assert client.post("/v1/jobs", content=WAV, headers=headers).status_code == 202
            assert client.post("/v1/jobs", content=WAV, headers=headers).status_code == 429


def test_a_full_queue_refuses_all_tenants(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(queued_jobs=2)) as (client, services):
        headers = [bearer(secret_of(services, tenant)) for tenant in ("acme", "other", "third")]
        answers = [client.post("/v1/jobs", content=WAV, headers=key_header) for key_header in headers]
        assert [answer.status_code for answer in answers] == [202, 202, 503]
        assert_problem(answers[-1], 503, "queue_full")
        assert int(answers[-1].headers["retry-after"]) > 0
        prepared(services, 1)
        assert client.post("/v1/jobs", content=WAV, headers=headers[-1]).status_code == 202


def test_a_repeated_request_returns_its_job_even_over_the_limits(tmp_path: Path) -> None:
    with limited(tmp_path, Limits(open_jobs=1, upload_bytes_per_day=len(WAV), queued_jobs=1)) as (client, services):
        headers = {"Idempotency-Key": "order-17"}
        first, second = (client.post("/v1/jobs", content=WAV, headers=headers) for _ in range(2))
        assert (first.status_code, second.status_code) == (202, 202)
        assert first.json()["id"] == second.json()["id"]
        assert client.post("/v1/jobs", content=WAV).status_code == 503
        assert len(stored_files(services)) == 1


@pytest.mark.parametrize("name", ["requests_per_s", "open_jobs", "upload_bytes_per_day", "queued_jobs"])
def test_a_limit_of_zero_is_invalid(name: str) -> None:
    with pytest.raises(ValueError, match=f"limits.{name} must be more than 0, not 0"):
        Limits(**{name: 0})
