from __future__ import annotations

import gzip
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


def test_the_config_may_come_in_the_form_the_query_or_a_header(standing_client: TestClient) -> None:
    config = json.dumps({"channels": "mix", "segmentation": {"max_ms": 9000}, "metadata": {"case": "7"}})
    jobs = [
        post_form(standing_client, config=config).json(),
        post_raw(standing_client, config=config).json(),
        standing_client.post("/v1/jobs", content=WAV, headers={"Emoline-Config": config}).json(),
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
        ("[]", "config: an object"),
        ('{"chanels": "mix"}', "chanels: there is no such key; the nearest name is `channels`"),
        ('{"segmentation": {"mx_ms": 9000}}', "segmentation.mx_ms: there is no such key; the nearest name is `max_ms`"),
        ('{"alerts": [{"nam": "x"}]}', "alerts.0.nam: there is no such key; the nearest name is `name`"),
        ('{"channels": "mix", "channels": "split"}', "the key `channels` is there more than once"),
        ('{"metadata": {"case": "7", "case": "8"}}', "the key `case` is there more than once"),
        ('{"alerts": [{"name": "x", "emotions": ["sad", "anger"]}]}', "alerts.0.emotions: no model here knows `anger`"),
        ('{"alerts": [{"name": "x", "emotions": ["anger"]}]}', "the nearest name is `angry`"),
        ('{"alerts": [{"name": "x", "emotions": ["angry"], "above_usual": 2}]}', "above_usual must be from 0.05 to 1"),
        ('{"channels": "both"}', "channels"),
        ('{"roles": "agent"}', "roles"),
        ('{"raw": {"codec": "concat"}}', "raw.codec"),
        ('{"raw": {"codec": "gsm", "channels": 2}}', "raw.codec gsm has one channel and 8000 Hz"),
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
        (b"<!doctype html><title>Sign in</title>", 415, "unsupported_media_type"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(9000), 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_no_recording_is_refused_and_not_stored(
    client: TestClient, services: Services, content: bytes, status: int, code: str
) -> None:
    assert_problem(post_form(client, content), status, code)
    assert_problem(post_raw(client, content), status, code)
    assert stored_files(services) == []


@pytest.mark.parametrize(
    ("part", "right"), [("confg", "`config`"), ("channels", "`config`"), ("fle", "`file`"), ("x", "`config`, `file`")]
)
def test_a_form_with_an_unknown_part_is_refused_with_the_right_name(
    client: TestClient, services: Services, part: str, right: str
) -> None:
    file, other = ("file", ("a.wav", WAV)), (part, ("", b"mix"))
    for files in ([file, other], [other, file]):
        problem = assert_problem(client.post("/v1/jobs", files=files), 422, "invalid_request")
        assert f"`{part}`" in problem["detail"]
        assert right in problem["detail"]
    assert stored_files(services) == []


def test_a_config_beside_a_body_that_has_its_own_is_refused(standing_client: TestClient) -> None:
    config = '{"channels": "mix"}'
    for answer in (
        standing_client.post("/v1/jobs", files={"file": ("a.wav", WAV)}, params={"config": config}),
        standing_client.post("/v1/jobs", files={"file": ("a.wav", WAV)}, headers={"Emoline-Config": config}),
        standing_client.post(
            "/v1/jobs", json={"source": {"url": "https://calls.example/a.mp3"}}, params={"filename": "b.mp3"}
        ),
    ):
        assert_problem(answer, 422, "invalid_request")


def test_json_may_begin_with_a_byte_order_mark(standing_client: TestClient) -> None:
    assert post_form(standing_client, config='\ufeff{"channels": "mix"}').json()["config"]["channels"] == "mix"
    body = '\ufeff{"source": {"url": "https://calls.example/a.mp3"}}'.encode()
    assert (
        standing_client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"}).status_code == 202
    )


@pytest.mark.parametrize("body", [b'{"source": {}, "source": {}}', b"\xff\xfe{", b"[" * 100_000])
def test_a_body_that_is_no_unambiguous_json_is_refused(standing_client: TestClient, body: bytes) -> None:
    for path in ("/v1/jobs", "/v1/batches"):
        answer = standing_client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "latin-1"])
def test_a_name_in_any_encoding_is_taken(standing_client: TestClient, encoding: str) -> None:
    name = "Grüße.wav"
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode(encoding)
        + b'"\r\n\r\n'
        + WAV
        + b"\r\n--x--\r\n"
    )
    answer = standing_client.post("/v1/jobs", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    shown = answer.json()["audio"]["filename"]
    assert shown == name if encoding == "utf-8" else "\ufffd" in shown and shown.endswith("e.wav")


def test_a_compressed_body_is_refused(client: TestClient, services: Services) -> None:
    answer = client.post("/v1/jobs", content=gzip.compress(WAV), headers={"Content-Encoding": "gzip"})
    assert_problem(answer, 415, "unsupported_encoding")
    assert stored_files(services) == []
    assert client.post("/v1/jobs", content=WAV, headers={"Content-Encoding": "identity"}).status_code == 202


def test_a_form_without_a_file_and_a_broken_form_are_refused(standing_client: TestClient) -> None:
    assert_problem(standing_client.post("/v1/jobs", files={"config": ("", "{}")}), 422, "missing_file")
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = standing_client.post("/v1/jobs", content=b"nonsense", headers={"Content-Type": content_type})
        assert_problem(answer, 400, "malformed_upload")


def test_a_recording_over_the_limit_is_refused_and_not_stored(tmp_path: Path) -> None:
    with open_services(Settings(data_dir=tmp_path, max_upload_bytes=10_000), LocalWakeUps()) as services:
        client = TestClient(create_app(services, ["testserver"]))
        assert_problem(post_form(client), 413, "upload_too_large")
        assert_problem(post_raw(client), 413, "upload_too_large")
        assert stored_files(services) == []


def test_an_unknown_host_is_refused(standing_client: TestClient) -> None:
    assert standing_client.get("/v1/jobs", headers={"Host": "evil.example"}).status_code == 400
