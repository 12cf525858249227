"""Questions of a quality lead about many calls: each is one request, and finds the right calls and no others."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.ports.job_query import SortKey
from shared.settings import Settings
from tests.support.api_client import assert_problem, bearer, secret_of
from tests.support.calls import NEUTRAL, Call, add_call

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATE_ANGER = (*("neutral",) * 15, *("angry",) * 5)
"""The customer is angry all through the last quarter, and neutral before, so that the whole call is mostly neutral."""


def made_up_calls() -> list[Call]:
    """20 calls of two weeks: 5 go wrong in the last quarter, the first of them the longest after a sad start."""
    calls: list[Call] = []
    for number in range(20):
        wrong = number % 4 == 3
        calls.append(
            Call(
                name=f"Call {number:02}.WAV",
                customer=LATE_ANGER if wrong else ("angry", *("happy",) * (number % 3), *NEUTRAL)[:20],
                agent=LATE_ANGER if number == 8 else NEUTRAL,
                interruptions=(number * 7 % 20, 1),
                metadata={"team": "berlin" if number % 2 else "paris", "case": str(number)},
                submitted_at=MONDAY + timedelta(days=number // 2),
            )
        )
    return calls


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, list[str]]]:
    """A service with the calls, for tests that only read, and the ids of the calls."""
    folder: Path = tmp_path_factory.mktemp("calls")
    with open_services(Settings(data_dir=folder), LocalWakeUps()) as services:
        ids = [add_call(services, call) for call in made_up_calls()]
        add_call(services, Call(customer=LATE_ANGER, tenant="other", metadata={"team": "berlin"}))
        with TestClient(create_app(services, ["testserver"])) as client:
            client.headers.update(bearer(secret_of(services, "default")))
            yield client, ids


def found(calls: tuple[TestClient, list[str]], **params: Any) -> list[int]:
    """The numbers of the calls that a request finds, in its order."""
    client, ids = calls
    answer = client.get("/v1/jobs", params=params)
    assert answer.status_code == 200, answer.text
    return [ids.index(job["id"]) for job in answer.json()["data"]]


WRONG: dict[str, Any] = {"channel": "customer", "emotion": "angry", "part": "last_quarter", "min_share": 0.5}


def test_the_calls_that_went_wrong_at_the_end_are_found_and_no_other(calls: tuple[TestClient, list[str]]) -> None:
    assert found(calls, **WRONG) == [19, 15, 11, 7, 3]
    assert found(calls, **WRONG | {"channel": 1}) == [19, 15, 11, 7, 3]
    assert found(calls, **WRONG | {"channel": "agent"}) == [8]
    assert found(calls, **WRONG | {"part": "first_quarter"}) == []
    assert found(calls, dominant="angry") == []  # which is why the list was of no use before


def test_agents_who_interrupt_most_come_first(calls: tuple[TestClient, list[str]]) -> None:
    expected = sorted(range(20), key=lambda number: -(number * 7 % 20))
    assert found(calls, channel="agent", sort="-interruptions", limit=3) == expected[:3]
    assert found(calls, channel="agent", min_interruptions=18) == sorted(expected[:2], reverse=True)


def test_the_alerts_of_a_week_are_sorted_by_their_worst_minute(calls: tuple[TestClient, list[str]]) -> None:
    week = {"recorded_after": "2026-11-23T00:00:00Z", "recorded_before": "2026-11-30T00:00:00Z"}
    client, ids = calls
    params = week | {"has_alerts": "true", "sort": "-worst_minute", "channel": "customer"}
    answer = client.get("/v1/jobs", params=params).json()
    assert [ids.index(job["id"]) for job in answer["data"]] == [11, 7, 3]
    worst = answer["data"][0]["facts"]["worst_minute"]
    assert worst == {"start_ms": 300_000, "share": 1.0}  # 30 s of anger in each minute of the last quarter
    assert found(calls, **week, has_alerts=False, limit=200) == [n for n in range(13, -1, -1) if n % 4 != 3]


def test_the_mean_anger_of_a_team_by_week(calls: tuple[TestClient, list[str]]) -> None:
    client, _ = calls
    params = {"metadata": "team=berlin", "group_by": "week", "channel": "customer"}
    answer = client.get("/v1/insights", params=params).json()
    weeks = [MONDAY, MONDAY + timedelta(days=7)]
    numbers = [[n for n in range(1, 20, 2) if (n < 14) == (week is weeks[0])] for week in weeks]
    assert [group["group"] for group in answer["data"]] == ["2026-11-23", "2026-11-30"]
    for group, expected in zip(answer["data"], numbers, strict=True):
        shares = [0.25 if number % 4 == 3 else 0.05 for number in expected]
        assert (group["calls"], group["coverage"]) == (len(expected), 1.0)
        assert group["speech_ms"] == len(expected) * 200_000
        anger = group["share_by_emotion"]["angry"]
        assert anger["mean"] == pytest.approx(statistics.fmean(shares))
        assert 0 <= anger["low"] < anger["mean"] < anger["high"] <= 1


def test_metadata_name_and_length_find_calls(calls: tuple[TestClient, list[str]]) -> None:
    assert found(calls, metadata="case=7") == [7]
    client, ids = calls
    both = client.get("/v1/jobs?metadata=team%3Dberlin&metadata=case%3D8").json()["data"]
    assert both == []
    assert found(calls, name="call 1") == list(range(19, 9, -1))
    assert found(calls, name="%") == []
    assert found(calls, min_length_ms=400_001) == []
    assert found(calls, max_length_ms=400_000, has_corrections=False, limit=200) == list(range(19, -1, -1))
    assert len(ids) == 20


@pytest.mark.parametrize("sort", get_args(SortKey))
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_of_any_order_have_each_call_once(calls: tuple[TestClient, list[str]], sort: str, sign: str) -> None:
    client, ids = calls
    params: dict[str, Any] = {"sort": sign + sort, "channel": "customer", "emotion": "angry", "limit": 3}
    whole = found(calls, **params | {"limit": 200})
    assert sorted(whole) == list(range(20))
    pages: list[int] = []
    while params.get("cursor", "") is not None:
        page = client.get("/v1/jobs", params=params).json()
        pages += [ids.index(job["id"]) for job in page["data"]]
        params["cursor"] = page["next_cursor"]
    assert pages == whole


def test_insights_by_role_by_key_and_of_all(calls: tuple[TestClient, list[str]]) -> None:
    client, _ = calls
    by_role = client.get("/v1/insights", params={"group_by": "role"}).json()["data"]
    assert [(group["group"], group["calls"]) for group in by_role] == [("agent", 20), ("customer", 20)]
    by_team = client.get("/v1/insights", params={"group_by": "metadata.team"}).json()["data"]
    assert [(group["group"], group["calls"]) for group in by_team] == [("berlin", 10), ("paris", 10)]
    (whole,) = client.get("/v1/insights", params={"name": "call 0"}).json()["data"]
    assert (whole["group"], whole["calls"]) == (None, 10)
    assert sum(share["mean"] for share in whole["share_by_emotion"].values()) == pytest.approx(1, abs=0.001)
    (wrong,) = client.get("/v1/insights", params=WRONG).json()["data"]
    assert (wrong["calls"], wrong["share_by_emotion"]["angry"]["mean"]) == (5, 1.0)


def test_insights_as_csv_have_the_same_figures(calls: tuple[TestClient, list[str]]) -> None:
    client, _ = calls
    document = client.get("/v1/insights", params={"group_by": "day"}).json()
    answer = client.get("/v1/insights", params={"group_by": "day", "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    means = {(row["group"], row["emotion"]): float(row["mean"]) for row in rows}
    assert means == {
        (group["group"], emotion): share["mean"]
        for group in document["data"]
        for emotion, share in group["share_by_emotion"].items()
    }


def test_another_tenant_has_its_own_calls_and_figures(services: Services) -> None:
    add_call(services, Call(customer=LATE_ANGER, metadata={"team": "berlin"}))
    with TestClient(create_app(services, ["testserver"])) as client:
        client.headers.update(bearer(secret_of(services, "other")))
        assert client.get("/v1/jobs", params=WRONG).json()["data"] == []
        for group_by in ("none", "week", "role", "metadata.team"):
            params = {"group_by": group_by, "metadata": "team=berlin"}
            assert client.get("/v1/insights", params=params).json()["data"] == []


@pytest.mark.parametrize(
    ("path", "params", "right"),
    [
        ("jobs", {"emotion": "anger"}, "there is no emotion `anger`; the nearest name is `angry`"),
        ("jobs", {"emotion": "angry", "part": "last_quater"}, "the nearest name is `last_quarter`"),
        ("jobs", {"sort": "-lenght"}, "the nearest name is `-length`"),
        ("jobs", {"sort": "share"}, "`emotion` is needed"),
        ("jobs", {"part": "last_quarter"}, "`emotion` is needed"),
        ("jobs", {"min_share": "0.5"}, "`emotion` is needed"),
        ("jobs", {"metadata": "berlin"}, "a key and its value"),
        ("jobs", {"emotions": "angry"}, "the nearest name is `emotion`"),
        ("jobs", {"channel": "custmer"}, "the nearest name is `customer`"),
        ("jobs", {"metadata": "taem=berlin"}, "the nearest name is `team`"),
        ("insights", {"group_by": "weak"}, "the nearest name is `week`"),
        ("insights", {"group_by": "metadata"}, "metadata.KEY"),
        ("insights", {"group_by": "metadata.taem"}, "the nearest name is `team`"),
        ("insights", {"emotion": "anger"}, "the nearest name is `angry`"),
    ],
)
def test_a_misspelt_question_is_refused_with_the_right_name(
    calls: tuple[TestClient, list[str]], path: str, params: dict[str, str], right: str
) -> None:
    client, _ = calls
    assert right in assert_problem(client.get(f"/v1/{path}", params=params), 422, "invalid_request")["detail"]


def test_a_cursor_of_another_order_is_refused(calls: tuple[TestClient, list[str]]) -> None:
    client, _ = calls
    cursor = client.get("/v1/jobs", params={"sort": "name", "limit": 1}).json()["next_cursor"]
    for sort, text in (("-name", cursor), ("length", cursor), ("submitted", cursor), ("name", "e30"), ("name", "ß")):
        assert_problem(client.get("/v1/jobs", params={"sort": sort, "cursor": text}), 422, "invalid_cursor")
