"""tus 1.0 request by request; tests with its clients are in `tests/e2e`."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from shared.container import Services
from shared.domain.options import JobOptions
from tests.support.api_client import WAV, assert_problem, stored_files
from tests.support.upload_parts import begin_upload

VERSION = {"Tus-Resumable": "1.0.0"}
NAME = f"filename {base64.b64encode('Grüße.wav'.encode()).decode()},private"


def created(client: TestClient, size: int = len(WAV), metadata: str = NAME) -> str:
    """The path of a new upload."""
    headers = VERSION | {"Upload-Length": str(size), "Upload-Metadata": metadata}
    answer = client.post("/v1/uploads/tus", headers=headers)
    assert (answer.status_code, answer.content) == (201, b"")
    assert parsedate_to_datetime(answer.headers["upload-expires"]) > datetime.now(UTC)
    return answer.headers["location"]


def patch(client: TestClient, path: str, offset: int, content: bytes, **headers: str) -> Response:
    sent = VERSION | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return client.patch(path, content=content, headers=sent | headers)


def offset_of(client: TestClient, path: str) -> int:
    answer = client.head(path, headers=VERSION)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return int(answer.headers["upload-offset"])


def test_options_need_no_key_and_name_version_extensions_and_size(client: TestClient, services: Services) -> None:
    for path in ("/v1/uploads/tus", "/v1/uploads/tus/upl_1"):
        answer = client.options(path)
        assert answer.status_code == 204
        assert answer.headers["tus-resumable"] == answer.headers["tus-version"] == "1.0.0"
        assert set(answer.headers["tus-extension"].split(",")) == {"creation", "expiration", "termination"}
        assert answer.headers["tus-max-size"] == str(services.settings.max_upload_bytes)


def test_an_upload_completes_itself_with_its_last_bytes(client: TestClient, services: Services) -> None:
    path = created(client)
    for start, end in ((0, 1000), (1000, 1000), (1000, len(WAV))):
        answer = patch(client, path, start, WAV[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert "upload-expires" in answer.headers
        assert offset_of(client, path) == end
    upload = client.get(path.replace("/tus", "")).json()
    assert (upload["state"], upload["filename"], upload["part_bytes"]) == ("complete", "Grüße.wav", None)
    assert [file.read_bytes() for file in stored_files(services)] == [WAV]
    assert patch(client, path, len(WAV), b"").status_code == 204  # as clients do that lost the response
    assert services.uploads.submit(upload["id"], JobOptions()).recording.size_bytes == len(WAV)
    assert patch(client, path, len(WAV), b"").status_code == 204


def test_the_metadata_of_the_client_is_returned(standing_client: TestClient) -> None:
    answer = standing_client.head(created(standing_client), headers=VERSION)
    assert (answer.headers["upload-metadata"], answer.headers["upload-length"]) == (NAME, str(len(WAV)))
    plain = standing_client.post("/v1/uploads/tus", headers=VERSION | {"Upload-Length": "9"}).headers["location"]
    assert "upload-metadata" not in standing_client.head(plain, headers=VERSION).headers


def test_a_wrong_offset_is_a_conflict_and_changes_nothing(standing_client: TestClient) -> None:
    path = created(standing_client)
    assert patch(standing_client, path, 0, WAV[:500]).status_code == 204
    for wrong in ("0", "499", "501", "9" * 30):
        assert_problem(patch(standing_client, path, 0, b"x", **{"Upload-Offset": wrong}), 409, "upload_offset")
    for nonsense in ("", "-1", "one"):
        assert_problem(patch(standing_client, path, 0, b"x", **{"Upload-Offset": nonsense}), 422, "invalid_request")
    assert offset_of(standing_client, path) == 500


def test_more_than_was_announced_is_refused(standing_client: TestClient) -> None:
    path = created(standing_client)
    assert_problem(patch(standing_client, path, 0, WAV + b"x"), 400, "part_size")
    assert offset_of(standing_client, path) == 0
    assert patch(standing_client, path, 0, WAV).status_code == 204
    assert_problem(patch(standing_client, path, len(WAV), b"x"), 400, "part_size")


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
def test_another_version_is_refused_with_the_supported_one(
    standing_client: TestClient, version: dict[str, str]
) -> None:
    path = created(standing_client)
    for method in ("HEAD", "PATCH", "DELETE"):
        answer = standing_client.request(method, path, headers=version)
        assert (answer.status_code, answer.headers["tus-resumable"]) == (412, "1.0.0")
        assert answer.headers["tus-version"] == "1.0.0"
    assert_problem(
        standing_client.post("/v1/uploads/tus", headers=version | {"Upload-Length": "9"}), 412, "tus_version"
    )


def test_another_content_type_is_refused(standing_client: TestClient) -> None:
    path = created(standing_client)
    for wrong in ("application/octet-stream", "audio/wav"):
        answer = patch(standing_client, path, 0, WAV, **{"Content-Type": wrong})
        assert_problem(answer, 415, "tus_content_type")
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert offset_of(standing_client, path) == 0


@pytest.mark.parametrize("metadata", ["filename Grüße", "filename !", "filename /w==", "a,filename 1"])
def test_a_filename_that_cannot_be_decoded_is_refused(standing_client: TestClient, metadata: str) -> None:
    headers = [
        ("Tus-Resumable", "1.0.0"),
        ("Upload-Length", "9"),
        ("Upload-Metadata", metadata.encode()),
    ]
    assert_problem(standing_client.post("/v1/uploads/tus", headers=headers), 400, "malformed_upload")  # type: ignore[arg-type]


def test_an_upload_without_a_size_is_refused(standing_client: TestClient) -> None:
    assert_problem(standing_client.post("/v1/uploads/tus", headers=VERSION | {"Upload-Length": "0"}), 422, "empty_file")
    for wrong in ({}, {"Upload-Length": "-1"}, {"Upload-Length": "x"}, {"Upload-Defer-Length": "1"}):
        assert_problem(standing_client.post("/v1/uploads/tus", headers=VERSION | wrong), 422, "invalid_request")


def test_a_client_may_delete_its_upload(client: TestClient, services: Services) -> None:
    path = created(client)
    patch(client, path, 0, WAV[:500])
    assert client.delete(path, headers=VERSION).status_code == 204
    assert client.head(path, headers=VERSION).status_code == 404
    assert_problem(patch(client, path, 500, WAV[500:]), 404, "upload_not_found")
    assert stored_files(services) == []


def test_the_method_may_be_overridden_by_a_header(standing_client: TestClient) -> None:
    path = created(standing_client)
    assert standing_client.post(path, headers=VERSION | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert standing_client.head(path, headers=VERSION).status_code == 404
    elsewhere = standing_client.post("/v1/jobs", content=WAV, headers={"X-HTTP-Method-Override": "GET"})
    assert elsewhere.status_code == 202


def test_an_upload_in_parts_is_not_found_by_tus(standing_client: TestClient) -> None:
    path = f"/v1/uploads/tus/{begin_upload(standing_client)['id']}"
    assert standing_client.head(path, headers=VERSION).status_code == 404
    assert_problem(patch(standing_client, path, 0, b"x"), 404, "upload_not_found")
    assert_problem(standing_client.delete(path, headers=VERSION), 404, "upload_not_found")
