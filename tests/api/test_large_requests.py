"""Large and faulty requests: none makes a large answer, much work, or a large row."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.issue_list import MOST_ISSUES
from api.middleware.body_limit import MAX_BATCH_BYTES, MAX_BODY_BYTES
from tests.support.api_client import WAV, assert_problem

SOURCE = {"source": {"url": "https://calls.example/monday.mp3"}}
LARGE_METADATA = {"metadata": {"case": "x" * 70_000}}
MOST_ANSWER_BYTES = 8_000
MOST_CPU_S = 20.0
"""It takes a second; with a schema for each issue it took minutes."""


def post_json(client: TestClient, path: str, body: Any, content_type: str = "application/json") -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, content=content, headers={"Content-Type": content_type})


def unknown_keys(number: int) -> dict[str, int]:
    return {f"k{index}": index for index in range(number)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/jobs", SOURCE | unknown_keys(7_000)),
        ("/v1/jobs", SOURCE | {"roles": [1] * 30_000}),
        ("/v1/jobs", SOURCE | {"x" * 60_000: 1}),
        ("/v1/jobs", SOURCE | {"channels": "x" * 60_000}),
        ("/v1/batches", unknown_keys(100_000)),
        ("/v1/batches", {"jobs": [1] * 500_000}),
        ("/v1/batches", {"jobs": [{}] * 500_000}),
        ("/v1/batches", {"jobs": [SOURCE], "defaults": unknown_keys(90)}),
        ("/v1/keys", {"name": "x"} | unknown_keys(7_000)),
        ("/v1/keys", {"name": "x", "scopes": ["no"] * 20_000}),
        ("/v1/webhook-endpoints", {"url": "x" * 100_000}),
    ],
)
def test_an_answer_names_a_few_issues_however_many_a_request_has(
    standing_client: TestClient, path: str, body: Any
) -> None:
    answer = post_json(standing_client, path, body)
    assert answer.status_code == 422, answer.text
    detail = answer.json()["detail"]
    assert detail.count("; ") <= 2 * MOST_ISSUES
    assert len(detail) < MOST_ANSWER_BYTES


def test_a_batch_of_wrong_jobs_is_little_work_and_a_short_answer(standing_client: TestClient) -> None:
    wrong = SOURCE | {"roles": [1] * 300} | unknown_keys(90)
    began = time.process_time()
    answer = post_json(standing_client, "/v1/batches", {"jobs": [wrong] * 1_000})
    assert time.process_time() - began < MOST_CPU_S
    items = answer.json()["items"]
    assert {item["error"]["code"] for item in items} == {"invalid_config"}
    assert len(answer.content) < len(items) * MOST_ANSWER_BYTES


def test_a_query_and_the_parts_of_a_form_are_named_shortly(standing_client: TestClient) -> None:
    long = "x" * 30_000
    queried = standing_client.get("/v1/jobs", params={long: "1"})
    formed = standing_client.post("/v1/jobs", files={"file": ("call.wav", WAV)}, data={"y" * 3_000: "1"})
    for answer in (queried, formed):
        assert len(assert_problem(answer, 422, "invalid_request")["detail"]) < 1_000


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "APPLICATION/JSON ; charset=utf-8"])
def test_json_is_no_recording_however_its_type_is_written(standing_client: TestClient, content_type: str) -> None:
    body = json.dumps(SOURCE).encode().ljust(MAX_BODY_BYTES + 1)
    for content in (body, iter([body])):
        answer = standing_client.post("/v1/jobs", content=content, headers={"Content-Type": content_type})
        assert_problem(answer, 413, "body_too_large")


def test_a_config_has_a_limit_whichever_way_it_comes(standing_client: TestClient) -> None:
    text = json.dumps(LARGE_METADATA)
    answers = [
        post_json(standing_client, "/v1/jobs", SOURCE | LARGE_METADATA),
        standing_client.post("/v1/jobs", files={"file": ("call.wav", WAV)}, data={"config": text}),
        standing_client.post("/v1/jobs", content=WAV, headers={"Emoline-Config": text}),
        post_json(standing_client, "/v1/batches", {"jobs": [SOURCE], "defaults": LARGE_METADATA}),
    ]
    for answer in answers:
        assert "larger than 65536 bytes" in assert_problem(answer, 422, "invalid_config")["detail"]
    batch = post_json(standing_client, "/v1/batches", {"jobs": [SOURCE | LARGE_METADATA, SOURCE]}).json()["items"]
    assert [(item["error"] or {}).get("code") for item in batch] == ["invalid_config", None]
    assert len(standing_client.get("/v1/jobs").json()["data"]) == 1


def test_the_defaults_of_a_batch_are_not_multiplied(client: TestClient) -> None:
    defaults = {"metadata": {"case": "x" * 30_000}}
    number = MAX_BATCH_BYTES // 30_000 + 1
    assert_problem(
        post_json(client, "/v1/batches", {"jobs": [SOURCE] * number, "defaults": defaults}),
        413,
        "body_too_large",
    )
    assert client.get("/v1/jobs").json()["data"] == []
    few = post_json(client, "/v1/batches", {"jobs": [SOURCE] * 3, "defaults": defaults}).json()
    assert [item["error"] for item in few["items"]] == [None] * 3
