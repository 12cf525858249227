"""Uploads in parts over HTTP, to this service's own URLs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.api_client import assert_problem, bearer, secret_of, stored_files
from tests.support.api_routes import refusal, request_route, routes, status_and_code
from tests.support.upload_parts import LONG, PART, begin_upload, put_part, read_upload


def test_parts_come_in_any_order_and_an_interrupted_upload_can_be_resumed(
    client: TestClient, services: Services
) -> None:
    upload = begin_upload(client)
    assert (upload["state"], upload["received_bytes"], len(upload["parts"])) == ("open", 0, 3)
    for part in reversed(upload["parts"][1:]):
        put_part(client, part)
    resumed = read_upload(client, upload)
    assert [(part["stored"], part["url"] is None) for part in resumed["parts"]] == [(False, False), *[(True, True)] * 2]
    assert resumed["received_bytes"] == len(LONG) - PART
    put_part(client, resumed["parts"][0])
    answer = client.post(f"/v1/uploads/{upload['id']}/complete")
    completed = answer.json()
    assert answer.status_code == 200
    assert (completed["state"], completed["filename"], completed["size_bytes"]) == ("complete", "call.wav", len(LONG))
    assert completed["sha256"] == hashlib.sha256(LONG).hexdigest()
    assert (completed["parts"], completed["received_bytes"], completed["job_id"]) == ([], len(LONG), None)
    assert read_upload(client, upload) == completed
    assert [path.read_bytes() for path in stored_files(services)] == [LONG]
    job = services.uploads.submit(upload["id"], JobOptions())
    assert (read_upload(client, upload)["state"], read_upload(client, upload)["job_id"]) == ("used", job.id)
    assert client.get(f"/v1/jobs/{job.id}").json()["audio"]["filename"] == "call.wav"


def test_missing_and_wrong_parts_are_errors_that_can_be_corrected(standing_client: TestClient) -> None:
    upload = begin_upload(standing_client)
    path = f"/v1/uploads/{upload['id']}"
    for part in upload["parts"][:2]:
        put_part(standing_client, part)
    problem = assert_problem(standing_client.post(f"{path}/complete"), 409, "upload_incomplete")
    assert "wrong size: 3." in problem["detail"]
    for wrong in (b"", bytes(PART - 1), bytes(PART + 1)):
        assert_problem(standing_client.put(f"{path}/parts/2", content=wrong), 400, "part_size")
    for number in ("0", "4", "-1", "9" * 30):
        assert_problem(standing_client.put(f"{path}/parts/{number}", content=b""), 404, "part_not_found")
    put_part(standing_client, upload["parts"][2])
    sha256 = hashlib.sha256(LONG).hexdigest()
    assert standing_client.post(f"{path}/complete", json={"sha256": sha256}).status_code == 200
    assert_problem(standing_client.post(f"{path}/complete", json={"sha256": "0" * 64}), 422, "checksum_mismatch")
    assert_problem(standing_client.put(f"{path}/parts/1", content=LONG[:PART]), 409, "upload_complete")


def test_an_upload_that_is_no_recording_is_refused_on_completion(client: TestClient, services: Services) -> None:
    text = b"this is only text. " * 10_000
    upload = begin_upload(client, text)
    for part in upload["parts"]:
        put_part(client, part, text)
    assert_problem(client.post(f"/v1/uploads/{upload['id']}/complete"), 415, "unsupported_media_type")
    assert client.delete(f"/v1/uploads/{upload['id']}").status_code == 204
    assert stored_files(services) == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/complete")):
        assert_problem(client.request(method, f"/v1/uploads/{upload['id']}{path}"), 404, "upload_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"size_bytes": 0},
        {"size_bytes": -1},
        {"size_bytes": 10, "part_bytes": PART - 1},
        {"size_bytes": 10, "part_bytes": (5 << 30) + 1},
        {"size_bytes": 10, "parts": 3},
    ],
)
def test_an_upload_with_an_invalid_size_or_part_size_is_refused(
    standing_client: TestClient, body: dict[str, Any]
) -> None:
    assert_problem(standing_client.post("/v1/uploads", json=body), 422, "invalid_request")


@pytest.mark.parametrize("sha256", ["", "0" * 63, "x" * 64])
def test_an_invalid_checksum_is_refused(standing_client: TestClient, sha256: str) -> None:
    path = f"/v1/uploads/{begin_upload(standing_client)['id']}/complete"
    assert_problem(standing_client.post(path, json={"sha256": sha256}), 422, "invalid_request")


def test_a_size_over_the_limit_is_refused_before_the_upload(tmp_path: Any) -> None:
    with open_services(Settings(data_dir=tmp_path, max_upload_bytes=10_000), LocalWakeUps()) as services:
        client = TestClient(create_app(services, ["testserver"]))
        assert_problem(client.post("/v1/uploads", json={"size_bytes": 10_001}), 413, "upload_too_large")
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1" + "0" * 30}
        assert_problem(client.post("/v1/uploads/tus", headers=headers), 413, "upload_too_large")


def test_the_largest_recording_has_at_most_a_thousand_parts(standing_client: TestClient) -> None:
    upload = begin_upload(standing_client, size_bytes=20 << 30)
    assert len(upload["parts"]) == 1000
    assert sum(part["size_bytes"] for part in upload["parts"]) == 20 << 30


def test_the_upload_of_another_tenant_is_not_found_on_any_route(client: TestClient, services: Services) -> None:
    ours, theirs = secret_of(services, "acme"), secret_of(services, "other")
    client.headers.update(bearer(ours))
    tus = client.post("/v1/uploads/tus", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "9"})
    ids = [begin_upload(client)["id"], tus.headers["location"].rsplit("/", 1)[1]]
    with_ids = [(method, path) for method, path in routes(client) if "{upload_id}" in path]
    assert len(with_ids) == 7
    for method, path in with_ids:
        for upload_id in ids:
            answer = request_route(client, method, path, theirs, upload_id=upload_id)
            assert status_and_code(answer) == refusal(method, 404, "upload_not_found"), (method, path)
    assert [client.get(f"/v1/uploads/{upload_id}").status_code for upload_id in ids] == [200, 200]


@pytest.mark.parametrize("upload_id", ["tus", "upl_1", "job_00000000-0000-7000-8000-000000000000"])
def test_an_invalid_upload_id_is_not_found(standing_client: TestClient, upload_id: str) -> None:
    assert_problem(standing_client.get(f"/v1/uploads/{upload_id}"), 404, "upload_not_found")
