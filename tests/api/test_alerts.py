"""Emotions of alerts, as models know them."""

from __future__ import annotations

import json
from dataclasses import replace

from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.alert import AlertRule
from shared.domain.options import JobOptions
from tests.support.analysed import MODEL
from tests.support.api_client import assert_problem, post_form

URL = "https://calls.example/call.wav"


def config(*emotions: str) -> dict[str, object]:
    return {"alerts": [{"name": "alarm", "emotions": emotions}]}


def test_an_emotion_that_no_model_here_has_is_refused_in_every_kind_of_request(
    client: TestClient, services: Services
) -> None:
    services.ports.model_registry.record_run(MODEL)
    answers = [
        post_form(client, config=json.dumps(config("surprised"))),
        client.post("/v1/jobs", json={"source": {"url": URL}} | config("surprised")),
        client.post("/v1/batches", json={"defaults": config("surprised"), "jobs": [{"source": {"url": URL}}]}),
    ]
    for answer in answers:
        assert "known are `angry`, `happy`, `sad`" in assert_problem(answer, 422, "invalid_config")["detail"]
    batch = client.post("/v1/batches", json={"jobs": [{"source": {"url": URL}} | config("hapy")]}).json()
    assert "the nearest name is `happy`" in batch["items"][0]["error"]["detail"]
    assert client.get("/v1/jobs").json()["data"] == []


def test_emotions_that_count_are_checked_alike(client: TestClient, services: Services) -> None:
    services.ports.model_registry.record_run(MODEL)
    answer = post_form(client, config=json.dumps({"emotions": ["sad", "hapy"]}))
    problem = assert_problem(answer, 422, "invalid_config")["detail"]
    assert "config.emotions: no model here knows `hapy`; the nearest name is `happy`" in problem
    job = post_form(client, config=json.dumps({"emotions": ["sad", "happy"]})).json()
    assert job["config"]["emotions"] == ["sad", "happy"]


def test_labels_of_every_model_that_workers_run_are_accepted(client: TestClient, services: Services) -> None:
    services.ports.model_registry.record_run(MODEL)
    services.ports.model_registry.record_run(replace(MODEL, sha256="01", labels=("bored",)))
    assert post_form(client, config=json.dumps(config("bored", "angry", "unknown"))).status_code == 202


def test_a_rule_against_the_own_median_is_shown_as_it_was_given(client: TestClient) -> None:
    rule = {"name": "angrier", "emotions": ["angry"], "above_usual": 0.3}
    job = post_form(client, config=json.dumps({"alerts": [rule]})).json()
    assert job["config"]["alerts"] == [rule | {"at_least_ms": 20_000, "channel": None, "part": "whole"}]
    assert JobOptions(alerts=(AlertRule("angrier", ("angry",), above_usual=0.3),)).alerts[0].above_usual == 0.3
