from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.ports import ObjectStore
from shared.services.object_keys import audio_prefix, waveform_key
from shared.waveform import Waveform
from tests.support.analysed import analysed, submitted
from tests.support.api_client import UNKNOWN, assert_problem

PAIRS = 250
LOW, HIGH = -(np.arange(PAIRS) % 100), np.arange(PAIRS) % 128
BOTH = np.stack([np.stack([LOW, HIGH], axis=1), np.stack([LOW - 20, HIGH // 2], axis=1)], axis=1).astype(np.int8)
CALL = Waveform((0, 1), 0, 320 * PAIRS - 160, BOTH)  # 4,990 ms
ROLES = ("agent", "customer")


@pytest.fixture
def url(services: Services) -> str:
    return f"/v1/jobs/{analysed(services, [], JobOptions(roles=ROLES), waveform=CALL)}/waveform"


def scaled(values: Any) -> list[float]:
    return [round(value / 128, 3) for value in values.tolist()]


def test_by_default_a_waveform_is_of_the_whole_recording_at_full_resolution(client: TestClient, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    waveform = answer.json()
    assert (waveform["start_ms"], waveform["end_ms"]) == (0, 4990)
    assert [(channel["channel"], channel["role"]) for channel in waveform["channels"]] == [
        (0, "agent"),
        (1, "customer"),
    ]
    for number, channel in enumerate(waveform["channels"]):
        assert channel["min"] == scaled(BOTH[:, number, 0])
        assert channel["max"] == scaled(BOTH[:, number, 1])


@pytest.mark.parametrize(
    ("params", "span", "pairs"),
    [
        ({"start_ms": 1000}, (1000, 4990), (50, 250)),
        ({"start_ms": 1000, "end_ms": 2000}, (1000, 2000), (50, 100)),
        ({"start_ms": 1019, "end_ms": 2001}, (1000, 2001), (50, 101)),
        ({"start_ms": 4985, "end_ms": 10**9}, (4980, 4990), (249, 250)),
        ({"start_ms": 10**9}, (5000, 5000), (250, 250)),
        ({"start_ms": 3000, "end_ms": 2000}, (3000, 3000), (150, 150)),
    ],
)
def test_a_waveform_can_be_of_a_part_of_the_recording(
    client: TestClient, url: str, params: dict[str, int], span: tuple[int, int], pairs: tuple[int, int]
) -> None:
    waveform = client.get(url, params=params).json()
    assert (waveform["start_ms"], waveform["end_ms"]) == span
    assert waveform["channels"][0]["max"] == scaled(BOTH[slice(*pairs), 0, 1])


def test_fewer_points_keep_the_peaks(client: TestClient, url: str) -> None:
    (channel,) = client.get(url, params={"points": 3, "channel": 1}).json()["channels"]
    edges = [0, 83, 166, 250]
    parts = [BOTH[start:end, 1] for start, end in pairwise(edges)]
    assert channel["min"] == [round(int(part[:, 0].min()) / 128, 3) for part in parts]
    assert channel["max"] == [round(int(part[:, 1].max()) / 128, 3) for part in parts]


def test_an_unknown_channel_has_no_waveform(client: TestClient, url: str) -> None:
    assert client.get(url, params={"channel": 2}).json()["channels"] == []


@pytest.mark.parametrize("params", [{"points": 0}, {"points": 20_001}, {"start_ms": -1}, {"channel": "agent"}])
def test_invalid_parameters_of_a_waveform_are_refused(client: TestClient, url: str, params: dict[str, Any]) -> None:
    assert_problem(client.get(url, params=params), 422, "invalid_request")


def test_a_waveform_exists_from_the_decoding_to_the_deletion_of_the_job(client: TestClient, services: Services) -> None:
    job_id = submitted(services, JobOptions())
    url = f"/v1/jobs/{job_id}/waveform"
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    assert_problem(client.get(url), 409, "result_not_ready")
    services.waveform_store.store(job_id, CALL)
    now = services.clock.now()
    services.ports.work_queue.save(claim, claim.job.evolve(prepared=CALL.end).to(JobState.INFERRING, now))
    assert client.get(url).json()["end_ms"] == 4990
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert client.get(url).json()["end_ms"] == 4990
    client.delete(f"/v1/jobs/{job_id}")
    assert_problem(client.get(url), 410, "job_deleted")
    assert [path for path in services.settings.objects_dir.rglob("*") if path.is_file()] == []
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/waveform"), 404, "job_not_found")


def test_a_job_that_ended_before_decoding_has_no_waveform(client: TestClient, services: Services) -> None:
    job_id = submitted(services, JobOptions())
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert_problem(client.get(f"/v1/jobs/{job_id}/waveform"), 409, "no_result")


def test_a_job_without_a_stored_waveform_is_an_error(client: TestClient, services: Services) -> None:
    job_id = analysed(services, [], JobOptions())
    assert_problem(client.get(f"/v1/jobs/{job_id}/waveform"), 404, "no_waveform")


def test_a_waveform_outlives_the_audio(client: TestClient, services: Services, url: str) -> None:
    objects: ObjectStore = services.object_store
    objects.delete_prefix(audio_prefix(url.split("/")[3]))
    assert len(client.get(url).json()["channels"]) == 2


def test_a_recording_without_samples_has_an_empty_waveform(client: TestClient, services: Services) -> None:
    nothing = Waveform((), 0, 0, np.empty((0, 0, 2), np.int8))
    job_id = analysed(services, [], JobOptions(), waveform=nothing)
    assert client.get(f"/v1/jobs/{job_id}/waveform").json() == {"start_ms": 0, "end_ms": 0, "channels": []}


def test_the_stored_waveform_is_a_numpy_table(services: Services, url: str) -> None:
    with services.object_store.open(waveform_key(url.split("/")[3])) as file:
        records = np.load(file, allow_pickle=False)
    assert records.dtype.names == ("0", "1")
    assert np.array_equal(records["1"], BOTH[:, 1])
