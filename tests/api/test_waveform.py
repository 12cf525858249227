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
from tests.api.test_jobs import UNKNOWN
from tests.api.test_submit import assert_problem
from tests.support.analysed import analysed, submitted

PAIRS = 250
LOW, HIGH = -(np.arange(PAIRS) % 100), np.arange(PAIRS) % 128
BOTH = np.stack([np.stack([LOW, HIGH], axis=1), np.stack([LOW - 20, HIGH // 2], axis=1)], axis=1).astype(np.int8)
CALL = Waveform((0, 1), 0, 320 * PAIRS - 160, BOTH)  # 4,990 ms
ROLES = ("agent", "customer")


@pytest.fixture
def url(services: Services) -> str:
    return f"/v1/jobs/{analysed(services, [], JobOptions(roles=ROLES), waveform=CALL)}/waveform"


def shown(values: Any) -> list[float]:
    return [round(value / 128, 3) for value in values.tolist()]


def test_by_default_the_whole_recording_as_fine_as_it_is_kept(client: TestClient, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["start_ms"], found["end_ms"]) == (0, 4990)
    assert [(one["channel"], one["role"]) for one in found["channels"]] == [(0, "agent"), (1, "customer")]
    for number, one in enumerate(found["channels"]):
        assert one["min"] == shown(BOTH[:, number, 0])
        assert one["max"] == shown(BOTH[:, number, 1])


@pytest.mark.parametrize(
    ("asked", "given", "pairs"),
    [
        ({"start_ms": 1000}, (1000, 4990), (50, 250)),
        ({"start_ms": 1000, "end_ms": 2000}, (1000, 2000), (50, 100)),
        ({"start_ms": 1019, "end_ms": 2001}, (1000, 2001), (50, 101)),
        ({"start_ms": 4985, "end_ms": 10**9}, (4980, 4990), (249, 250)),
        ({"start_ms": 10**9}, (5000, 5000), (250, 250)),
        ({"start_ms": 3000, "end_ms": 2000}, (3000, 3000), (150, 150)),
    ],
)
def test_a_stretch_of_it(
    client: TestClient, url: str, asked: dict[str, int], given: tuple[int, int], pairs: tuple[int, int]
) -> None:
    found = client.get(url, params=asked).json()
    assert (found["start_ms"], found["end_ms"]) == given
    assert found["channels"][0]["max"] == shown(BOTH[slice(*pairs), 0, 1])


def test_fewer_points_hold_the_peaks_of_all_between_them(client: TestClient, url: str) -> None:
    (one,) = client.get(url, params={"points": 3, "channel": 1}).json()["channels"]
    edges = [0, 83, 166, 250]
    parts = [BOTH[start:end, 1] for start, end in pairwise(edges)]
    assert one["min"] == [round(int(part[:, 0].min()) / 128, 3) for part in parts]
    assert one["max"] == [round(int(part[:, 1].max()) / 128, 3) for part in parts]


def test_a_channel_that_is_not_kept_has_no_waveform(client: TestClient, url: str) -> None:
    assert client.get(url, params={"channel": 2}).json()["channels"] == []


@pytest.mark.parametrize("asked", [{"points": 0}, {"points": 20_001}, {"start_ms": -1}, {"channel": "agent"}])
def test_what_makes_no_sense_is_refused(client: TestClient, url: str, asked: dict[str, Any]) -> None:
    assert_problem(client.get(url, params=asked), 422, "invalid_request")


def test_it_is_there_as_soon_as_the_recording_is_decoded_until_the_job_is_deleted(
    client: TestClient, services: Services
) -> None:
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


def test_a_job_that_ended_before_its_recording_was_decoded_has_none(client: TestClient, services: Services) -> None:
    job_id = submitted(services, JobOptions())
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert_problem(client.get(f"/v1/jobs/{job_id}/waveform"), 409, "no_result")


def test_a_job_of_before_there_were_waveforms_says_so(client: TestClient, services: Services) -> None:
    job_id = analysed(services, [], JobOptions())
    assert_problem(client.get(f"/v1/jobs/{job_id}/waveform"), 404, "no_waveform")


def test_it_outlives_the_audio(client: TestClient, services: Services, url: str) -> None:
    objects: ObjectStore = services.object_store
    objects.delete_prefix(audio_prefix(url.split("/")[3]))
    assert len(client.get(url).json()["channels"]) == 2


def test_a_recording_of_which_nothing_was_decoded_has_an_empty_one(client: TestClient, services: Services) -> None:
    nothing = Waveform((), 0, 0, np.empty((0, 0, 2), np.int8))
    job_id = analysed(services, [], JobOptions(), waveform=nothing)
    assert client.get(f"/v1/jobs/{job_id}/waveform").json() == {"start_ms": 0, "end_ms": 0, "channels": []}


def test_what_is_kept_is_a_table_that_numpy_reads(services: Services, url: str) -> None:
    with services.object_store.open(waveform_key(url.split("/")[3])) as file:
        records = np.load(file, allow_pickle=False)
    assert records.dtype.names == ("0", "1")
    assert np.array_equal(records["1"], BOTH[:, 1])
