from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.access import Scope
from shared.services.api_keys import ApiKeys
from tests.support.api_client import WAV, assert_problem, bearer, prepared


def test_usage_is_by_day_and_key_of_the_callers_tenant(client: TestClient, services: Services) -> None:
    api_keys: ApiKeys = services.api_keys
    keys = [api_keys.create("test", tenant, list(Scope)) for tenant in ("acme", "acme", "other")]
    for _, secret in (keys[0], *keys):
        assert client.post("/v1/jobs", content=WAV, headers=bearer(secret)).status_code == 202
    prepared(services, 90)
    report = client.get("/v1/usage", headers=bearer(keys[0][1])).json()
    today = services.clock.now().date().isoformat()
    assert report == {
        "data": [
            {"day": today, "key_id": keys[0][0].id, "jobs": 2, "bytes": 2 * len(WAV), "audio_s": 90.0},
            {"day": today, "key_id": keys[1][0].id, "jobs": 1, "bytes": len(WAV), "audio_s": 0.0},
        ],
        "total": {"jobs": 3, "bytes": 3 * len(WAV), "audio_s": 90.0},
        "next_cursor": None,
    }


def test_without_keys_usage_has_no_key(client: TestClient) -> None:
    client.post("/v1/jobs", content=WAV)
    (day,) = client.get("/v1/usage").json()["data"]
    assert (day["key_id"], day["jobs"]) == (None, 1)


def test_usage_can_be_limited_to_a_period(client: TestClient, services: Services) -> None:
    client.post("/v1/jobs", content=WAV)
    today = services.clock.now().date()
    yesterday = today - timedelta(days=1)
    for period, jobs in (
        ({"from": today, "to": today}, 1),
        ({"from": yesterday}, 1),
        ({"to": yesterday}, 0),
        ({"to": "0001-01-01"}, 0),
    ):
        params = {name: str(day) for name, day in period.items()}
        assert client.get("/v1/usage", params=params).json()["total"]["jobs"] == jobs, period


@pytest.mark.parametrize("params", [{"from": "2026-02-02", "to": "2026-02-01"}, {"from": "2020-01-01"}])
def test_an_empty_or_too_long_period_is_refused(client: TestClient, params: dict[str, str]) -> None:
    assert_problem(client.get("/v1/usage", params=params), 422, "invalid_period")
