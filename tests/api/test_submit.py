from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.options import SegmentationOptions
from shared.settings import Settings
from tests.support.api_client import WAV, assert_problem, post_form, post_raw, stored_files


@pytest.mark.parametrize("post", [post_form, post_raw])
def test_a_recording_is_accepted_stored_whole_and_queued(client: TestClient, services: Services, post: Any) -> None:
    answer = post(client)
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert "Retry-After" in answer.headers
    assert (job["status"], job["stage"], job["error"]) == ("queued", None, None)
    assert job["audio"]["size_bytes"] == len(WAV)
    assert [path.read_bytes() for path in stored_files(services)] == [WAV]


def test_the_name_is_shown_but_never_used_as_a_path(client: TestClient, services: Services) -> None:
    job = post_form(client, name="../../calls/Grüße.wav").json()
    assert job["audio"]["filename"] == "Grüße.wav"
    assert [path.name for path in stored_files(services)] == ["source"]
    assert post_raw(client, filename="a.mp3").json()["audio"]["filename"] == "a.mp3"


def test_the_config_may_come_in_the_form_the_query_or_a_header(client: TestClient) -> None:
    config = json.dumps({"channels": "mix", "segmentation": {"max_ms": 9000}, "metadata": {"case": "7"}})
    jobs = [
        post_form(client, config=config).json(),
        post_raw(client, config=config).json(),
        client.post("/v1/jobs", content=WAV, headers={"Emoline-Config": config}).json(),
    ]
    for job in jobs:
        assert job["config"]["channels"] == "mix"
        assert job["config"]["segmentation"]["max_ms"] == 9000
        assert job["config"]["metadata"] == {"case": "7"}
        assert job["config"]["aggregation"]["gap_ms"] == 2000


def test_the_settings_are_the_defaults_of_the_segmentation(tmp_path: Path) -> None:
    segmentation = SegmentationOptions(min_silence_ms=400, max_ms=8000)
    with open_services(Settings(data_dir=tmp_path, segmentation=segmentation), LocalWakeUps()) as services:
        client = TestClient(create_app(services, ["testserver"]))
        silent = post_form(client).json()["config"]["segmentation"]
        job = post_form(client, config='{"segmentation": {"max_ms": 9000, "vad": "silero"}}').json()
    assert silent == asdict(segmentation)
    assert job["config"]["segmentation"] == asdict(segmentation) | {"max_ms": 9000, "vad": "silero"}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("{", "config"),
        ('{"chanels": "mix"}', "chanels"),
        ('{"channels": "both"}', "channels"),
        ('{"roles": "agent"}', "roles"),
        ('{"roles": ["agent", "agent"]}', "different names"),
        ('{"channels": "mix", "roles": ["agent", "customer"], "analyse": ["customer"]}', "use split or auto"),
        ('{"channels": "split", "analyse": ["customer"]}', "each of analyse"),
        ('{"channels": "split", "analyse": [2]}', "each of analyse"),
        ('{"segmentation": {"max_ms": 30000}}', "segmentation.max_ms"),
        ('{"aggregation": {"gap_ms": -1}}', "aggregation.gap_ms"),
    ],
)
def test_an_invalid_config_is_refused_with_the_name_of_the_field_and_nothing_is_stored(
    client: TestClient, services: Services, config: str, named: str
) -> None:
    for answer in (post_form(client, config=config), post_raw(client, config=config)):
        assert named in assert_problem(answer, 422, "invalid_config")["detail"]
    assert stored_files(services) == []
    assert client.get("/v1/jobs").json()["data"] == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"this is only text", 415, "unsupported_media_type"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(9000), 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_recording_is_refused_and_not_stored(
    client: TestClient, services: Services, content: bytes, status: int, code: str
) -> None:
    assert_problem(post_form(client, content), status, code)
    assert_problem(post_raw(client, content), status, code)
    assert stored_files(services) == []


def test_a_form_without_a_file_and_a_broken_form_are_refused(client: TestClient) -> None:
    assert_problem(client.post("/v1/jobs", files={"audio": ("a.wav", WAV)}), 422, "missing_file")
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = client.post("/v1/jobs", content=b"nonsense", headers={"Content-Type": content_type})
        assert_problem(answer, 400, "malformed_upload")


def test_a_recording_over_the_limit_is_refused_and_not_stored(tmp_path: Path) -> None:
    with open_services(Settings(data_dir=tmp_path, max_upload_bytes=10_000), LocalWakeUps()) as services:
        client = TestClient(create_app(services, ["testserver"]))
        assert_problem(post_form(client), 413, "upload_too_large")
        assert_problem(post_raw(client), 413, "upload_too_large")
        assert stored_files(services) == []


def test_an_unknown_host_is_refused(client: TestClient) -> None:
    assert client.get("/v1/jobs", headers={"Host": "evil.example"}).status_code == 400
