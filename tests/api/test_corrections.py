"""Corrections by people, which count in place of the emotions of the model."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from html import unescape
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.access import Scope
from shared.domain.options import AggregationOptions, JobOptions
from tests.support.analysed import Part, analysed
from tests.support.api_client import UNKNOWN, assert_problem, bearer, secret_of
from tests.support.calls import Call, add_call
from tests.support.pdf import pages

CALL = [Part(0, 0, np.array([[3, 1, 0]], np.float32)), Part(0, 2000), Part(0, 4000, np.zeros((9, 3), np.float32))]


@pytest.fixture
def url(services: Services) -> str:
    return f"/v1/jobs/{analysed(services, CALL, JobOptions())}"


def corrections_of(client: TestClient, url: str) -> list[Any]:
    """The corrections of the segments, which the result and the list of segments both show."""
    corrections = [segment["correction"] for segment in client.get(f"{url}/segments").json()["data"]]
    assert [segment["correction"] for segment in client.get(f"{url}/result").json()["segments"]] == corrections
    return corrections


def test_a_correction_is_answered_and_shown_and_the_models_answer_stays_beside_it(client: TestClient, url: str) -> None:
    before = client.get(f"{url}/result").json()
    answer = client.put(f"{url}/segments/0/correction", json={"emotion": "sad", "comment": "She cries 😢"})
    assert answer.status_code == 200
    document = answer.json()
    correction = document["correction"]
    assert (correction["emotion"], correction["comment"]) == ("sad", "She cries 😢")
    assert datetime.fromisoformat(correction["corrected_at"]).utcoffset() is not None
    scores = document["scores"]
    assert document == before["segments"][0] | {
        "emotion": "sad",
        "confidence": scores["sad"],
        "model_emotion": "angry",
        "correction": correction,
    }
    assert corrections_of(client, url) == [correction, None, None]
    own = client.get(f"{url}/result", params={"corrected": False}).json()
    assert own["segments"][0].pop("correction") == correction
    assert own["segments"][0].items() <= before["segments"][0].items()
    assert {**own, "segments": None} == {**before, "segments": None}


def test_a_correction_is_replaced_and_withdrawn(client: TestClient, url: str) -> None:
    for emotion in ("sad", "fearful"):
        assert client.put(f"{url}/segments/2/correction", json={"emotion": emotion}).status_code == 200
    (correction,) = filter(None, corrections_of(client, url))
    assert (correction["emotion"], correction["comment"]) == ("fearful", None)
    for _ in range(2):
        assert client.delete(f"{url}/segments/2/correction").status_code == 204
        assert corrections_of(client, url) == [None] * 3


def test_a_skipped_segment_can_be_corrected(client: TestClient, url: str) -> None:
    document = client.put(f"{url}/segments/1/correction", json={"emotion": "happy"}).json()
    assert (document["status"], document["emotion"]) == ("skipped", "unknown")
    assert document["correction"]["emotion"] == "happy"


def test_an_unknown_emotion_is_refused_with_the_choices(client: TestClient, url: str) -> None:
    answer = client.put(f"{url}/segments/0/correction", json={"emotion": "bored"})
    assert_problem(answer, 422, "unknown_emotion")
    assert answer.json()["detail"] == (
        "The emotion must be one of angry, disgusted, fearful, happy, neutral, other, sad, surprised, unknown."
    )


def test_the_models_own_emotions_can_be_chosen_too(client: TestClient, services: Services) -> None:
    part = Part(0, 0, np.zeros((2, 3), np.float32))
    model = ("calm", "bored", "angry")
    job_id = analysed(services, [part._replace(labels=model)], JobOptions(), labels=model)
    answer = client.put(f"/v1/jobs/{job_id}/segments/0/correction", json={"emotion": "bored"})
    assert answer.json()["correction"]["emotion"] == "bored"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"emotion": None},
        {"emotion": "sad", "comment": ""},
        {"emotion": "sad", "comment": "x" * 1001},
        {"emotion": "sad", "comment": "two\nlines"},
        {"emotion": "sad", "comment": "null \0"},
        {"emotion": "sad", "note": "x"},
    ],
)
def test_an_invalid_correction_is_refused(client: TestClient, url: str, body: dict[str, Any]) -> None:
    assert_problem(client.put(f"{url}/segments/0/correction", json=body), 422, "invalid_request")
    assert corrections_of(client, url) == [None] * 3


def test_a_correction_of_a_missing_segment_is_refused(client: TestClient, url: str) -> None:
    deleted = f"{url}/segments/3/correction", 404, "segment_not_found"
    unknown = f"/v1/jobs/{UNKNOWN}/segments/0/correction", 404, "job_not_found"
    for path, status, code in (deleted, unknown):
        assert_problem(client.put(path, json={"emotion": "sad"}), status, code)
        assert_problem(client.delete(path), status, code)
    client.delete(url)
    assert_problem(client.put(f"{url}/segments/0/correction", json={"emotion": "sad"}), 410, "job_deleted")


def test_the_key_behind_a_correction_is_stored_and_shown(client: TestClient, services: Services, url: str) -> None:
    key, secret = services.api_keys.create("reviewer", "default", [Scope.WRITE])
    answer = client.put(f"{url}/segments/0/correction", json={"emotion": "sad"}, headers=bearer(secret))
    assert answer.json()["correction"]["key_id"] == key.id
    (segment, *_) = services.jobs.results(url.rsplit("/", 1)[1])
    assert segment.correction
    assert segment.correction.key_id == key.id


def test_a_key_for_reading_cannot_correct(client: TestClient, services: Services, url: str) -> None:
    secret = secret_of(services, "default", Scope.READ)
    answer = client.put(f"{url}/segments/0/correction", json={"emotion": "sad"}, headers=bearer(secret))
    assert_problem(answer, 403, "missing_scope")


@contextmanager
def within_a_second() -> Iterator[None]:
    """Fail if this process works for longer than a second; the time of others does not count."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 1


def test_a_correction_is_followed_at_once_by_everything(client: TestClient, services: Services) -> None:
    customer = ("neutral", "angry", *("neutral",) * 2)
    call = Call(agent=("neutral",) * 4, customer=customer, metadata={"team": "berlin"})
    url = f"/v1/jobs/{add_call(services, call)}"
    anger: dict[str, Any] = {"channel": "customer", "emotion": "angry", "min_share": 0.2}
    sorrow = anger | {"emotion": "sad"}

    def dominant_shares() -> dict[str, Any]:
        (group,) = client.get("/v1/insights", params={"group_by": "metadata.team"}).json()["data"]
        return {emotion: share["mean"] for emotion, share in group["share_by_emotion"].items() if share["mean"]}

    assert dominant_shares() == {"angry": 0.125, "neutral": 0.875}
    with within_a_second():
        body = {"emotion": "sad", "comment": "She cries."}
        assert client.put(f"{url}/segments/3/correction", json=body).status_code == 200
        result = client.get(f"{url}/result").json()
        lists = [client.get("/v1/jobs", params=params).json()["data"] for params in (anger, sorrow)]
        labels = [client.get("/v1/jobs", params={"label": label}).json()["data"] for label in ("angry", "sad")]
        (corrected,) = client.get("/v1/jobs", params={"has_corrections": True}).json()["data"]
        rows = list(csv.DictReader(io.StringIO(client.get(f"{url}/export").content.decode("utf-8-sig"))))
        captions = client.get(f"{url}/export", params={"format": "srt"}).text
        timeline = client.get(f"{url}/timeline").json()["data"]
        assert dominant_shares() == {"sad": 0.125, "neutral": 0.875}
    assert result["summary"]["share_by_emotion"] == {"neutral": 0.875, "sad": 0.125}
    assert {peak["emotion"] for peak in result["summary"]["peaks"]} == {"neutral", "sad"}
    assert {(change["from"], change["to"]) for change in result["summary"]["transitions"]} == {
        ("neutral", "sad"),
        ("sad", "neutral"),
    }
    segment = result["segments"][3]
    assert (segment["emotion"], segment["model_emotion"], segment["correction"]["comment"]) == (
        "sad",
        "angry",
        "She cries.",
    )
    assert [len(jobs) for jobs in (*lists, *labels)] == [0, 1, 0, 1]
    assert corrected["facts"]["corrected_segments"] == 1
    assert (rows[3]["emotion"], rows[3]["model_emotion"], rows[3]["comment"]) == ("sad", "angry", "She cries.")
    assert "customer: sad (0%, corrected)" in captions
    assert [entry["emotion"] for entry in timeline if entry["corrected"]] == ["sad"]
    note = "corrected; the model's: angry"
    assert "People corrected 1 of 8 segments." in " ".join(pages(client.get(f"{url}/report.pdf").content))
    assert note in unescape(client.get(f"{url}/report.html").text)
    own: dict[str, Any] = {"corrected": False}
    assert note not in unescape(client.get(f"{url}/report.html", params=own).text)
    assert client.get(f"{url}/result", params=own).json()["summary"]["share_by_emotion"] == {
        "neutral": 0.875,
        "angry": 0.125,
    }
    for emotion, params in (("sad", {}), ("angry", own)):
        assert f"customer:{emotion}" in client.get(f"{url}/export", params={"format": "rttm"} | params).text


def test_the_dominant_emotion_of_a_job_follows_corrections_and_their_withdrawal(
    client: TestClient, services: Services
) -> None:
    url = f"/v1/jobs/{add_call(services, Call(agent=('neutral',), customer=('angry',)))}"
    for index, expected in ((0, "angry"), (None, "neutral")):
        if index is None:
            client.delete(f"{url}/segments/0/correction")
        else:
            client.put(f"{url}/segments/{index}/correction", json={"emotion": "angry"})
        assert client.get(url).json()["dominant"] == expected
        assert client.get(f"{url}/result").json()["dominant"]["emotion"] == expected
        assert len(client.get("/v1/jobs", params={"dominant": expected}).json()["data"]) == 1


def test_a_correction_is_not_left_as_unknown_for_the_models_doubt(client: TestClient, services: Services) -> None:
    options = JobOptions(aggregation=AggregationOptions(min_confidence=0.99))
    url = f"/v1/jobs/{analysed(services, CALL, options)}"
    assert client.get(f"{url}/result").json()["summary"]["share_by_emotion"] == {"unknown": 1.0}
    client.put(f"{url}/segments/2/correction", json={"emotion": "happy"})
    assert set(client.get(f"{url}/result").json()["summary"]["share_by_emotion"]) == {"unknown", "happy"}
