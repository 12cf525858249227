"""The curve of a job over HTTP, and what is built on it in the result."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.options import JobOptions
from shared.frame_scores import Floats
from shared.waveform import Waveform
from tests.support.analysed import LABELS, Part, analysed, submitted
from tests.support.api_client import UNKNOWN, assert_problem

SOUND = Waveform((0, 1), 0, 120 * 16_000, np.zeros((6000, 2, 2), np.int8))
OPTIONS = JobOptions(roles=("agent", "=customer"))


def heard(emotion: str) -> Floats:
    logits = np.zeros((150, len(LABELS)), np.float32)  # three seconds
    logits[:, LABELS.index(emotion)] = 4
    return logits


CALL = [Part(0, 0, heard("happy")), Part(1, 5000), *(Part(1, 10_000 + 4000 * i, heard("angry")) for i in range(25))]


def url_of(services: Services, parts: list[Part] = CALL) -> str:
    return f"/v1/jobs/{analysed(services, parts, OPTIONS, waveform=SOUND)}"


def test_the_curve_has_a_point_a_second_with_gaps_where_nobody_speaks(client: TestClient, services: Services) -> None:
    url = url_of(services)
    curve = client.get(f"{url}/curve").json()
    assert (curve["window_ms"], curve["step_ms"], curve["time_ms"][:2]) == (3000, 1000, [500, 1500])
    assert curve == client.get(f"{url}/result").json()["curve"]
    assert (curve["affect"]["derived"], curve["affect"]["left_out"]) == (True, [])
    assert "10.3758/s13428-012-0314-x" in curve["affect"]["source"]
    agent, customer = curve["channels"]
    assert (agent["role"], customer["role"]) == ("agent", "=customer")
    assert [number for number, value in enumerate(agent["valence"]) if value is not None] == [0, 1, 2, 3]
    assert agent["speech_ms"][4:] == [0] * 116
    assert agent["scores"]["happy"][1] == pytest.approx(0.965, abs=0.001)
    assert agent["valence"][1] > 0 > customer["valence"][11]
    for channel in curve["channels"]:
        arrays = [channel["speech_ms"], channel["segments"], channel["arousal_error"], *channel["scores"].values()]
        assert {len(array) for array in arrays} == {120}


def test_a_wider_window_and_a_table_for_spreadsheets(client: TestClient, services: Services) -> None:
    url = f"{url_of(services)}/curve"
    curve = client.get(url, params={"window_s": 30}).json()
    assert (curve["window_ms"], curve["step_ms"], len(curve["time_ms"])) == (30_000, 10_000, 12)
    answer = client.get(url, params={"window_s": 30, "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith("-curve.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 24
    assert {row["role"] for row in rows} == {"agent", "'=customer"}  # a spreadsheet must not compute it
    for row, valence, score in zip(
        rows, curve["channels"][0]["valence"], curve["channels"][0]["scores"]["angry"], strict=False
    ):
        assert (row["valence"], row["score_angry"]) == (
            "" if valence is None else str(valence),
            "" if score is None else str(score),
        )


@pytest.mark.parametrize("query", [{"window_s": 0}, {"window_s": 3601}, {"format": "xlsx"}, {"step": 3}])
def test_other_parameters_are_refused(client: TestClient, services: Services, query: dict[str, Any]) -> None:
    assert_problem(client.get(f"{url_of(services)}/curve", params=query), 422, "invalid_request")


def test_a_curve_needs_a_result_and_is_empty_without_speech(client: TestClient, services: Services) -> None:
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/curve"), 404, "job_not_found")
    assert_problem(client.get(f"/v1/jobs/{submitted(services, OPTIONS)}/curve"), 409, "result_not_ready")
    services.ports.work_queue.claim_preparation()  # the one that was submitted is out of the way
    assert client.get(f"{url_of(services, [])}/curve").json()["channels"] == []


def test_the_result_tells_phases_words_and_times_that_add_up(client: TestClient, services: Services) -> None:
    url = f"{url_of(services)}/result"
    result = client.get(url).json()
    assert result["segments"]
    assert client.get(url, params={"segments": False}).json() == result | {"segments": []}
    agent, customer = result["phases"]
    assert (agent["quantity"], agent["speech_ms"]) == ("little", 3005)
    assert (customer["emotion"], customer["quantity"], customer["share"]) == ("angry", "throughout", 1)
    assert result["changes"] == []
    channels = result["summary"]["by_channel"]
    assert [channel["dominant"]["quantity"] for channel in channels] == ["little", "throughout"]
    assert {(quarter["channel"], quarter["role"]) for quarter in result["summary"]["by_quarter"]} == {
        (0, "agent"),
        (1, "=customer"),
    }
    time = result["time"]
    assert (time["channels"], time["sound_ms"]) == (2, 240_000)
    assert time["analysed_ms"] + time["missed_ms"] + time["silence_ms"] == time["sound_ms"]
