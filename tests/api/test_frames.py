from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from shared.container import Services
from shared.domain.options import JobOptions
from shared.frame_scores import Floats, softmax
from tests.support.analysed import LABELS, Part, analysed, submitted
from tests.support.api_client import UNKNOWN, assert_problem, post_raw

NPZ = {"Accept": "application/x-npz"}
RANDOM = np.random.default_rng(3)


def logits(frames: int) -> Floats:
    return RANDOM.normal(scale=3, size=(frames, len(LABELS))).astype(np.float32)


CALL = [Part(0, 90, logits(20)), Part(1, 200, logits(7)), Part(0, 700), Part(0, 2000, logits(3))]
OPTIONS = JobOptions(granularity="frame", embeddings="utterance")


def loaded(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-npz"
    assert answer.headers["content-disposition"].endswith(".npz")
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
        return dict(arrays)


def test_frames_are_parallel_arrays_of_bins_by_channel(client: TestClient, services: Services) -> None:
    document = client.get(f"/v1/jobs/{analysed(services, CALL, JobOptions())}/frames").json()
    assert (document["hop_ms"], document["labels"]) == (100, list(LABELS))
    first_channel, right = document["channels"]
    assert (first_channel["channel"], first_channel["role"], right["channel"]) == (0, None, 1)
    assert first_channel["start_ms"] == [0, 100, 200, 300, 400, 2000]
    assert first_channel["segment"] == [0, 0, 0, 0, 0, 3]
    assert (right["start_ms"], right["segment"]) == ([200, 300], [1, 1])
    assert CALL[0].logits is not None
    first, second = softmax(CALL[0].logits[0]), softmax(CALL[0].logits[1:6].mean(axis=0))
    assert first_channel["scores"][:2] == [pytest.approx(first, abs=5.1e-5), pytest.approx(second, abs=5.1e-5)]
    assert all(round(score, 4) == score for row in first_channel["scores"] for score in row)


def test_roles_are_shown_wherever_a_channel_is(client: TestClient, services: Services) -> None:
    roles = ["agent", "customer"]
    url = f"/v1/jobs/{analysed(services, CALL, JobOptions(roles=tuple(roles)))}"
    result = client.get(f"{url}/result").json()
    bin_rows = [
        result["timeline"],
        result["segments"],
        result["summary"]["by_channel"],
        client.get(f"{url}/timeline").json()["data"],
        client.get(f"{url}/segments").json()["data"],
        client.get(f"{url}/frames").json()["channels"],
    ]
    for entries in bin_rows:
        assert {entry["channel"] for entry in entries} == {0, 1}
        assert all(entry["role"] == roles[entry["channel"]] for entry in entries)


def test_another_hop_and_one_channel(client: TestClient, services: Services) -> None:
    url = f"/v1/jobs/{analysed(services, CALL, JobOptions())}/frames"
    (right,) = client.get(url, params={"hop_ms": 20, "channel": 1}).json()["channels"]
    assert right["start_ms"] == list(range(200, 340, 20))
    assert client.get(url, params={"hop_ms": 1000}).json()["channels"][0]["start_ms"] == [0, 2000]
    assert client.get(url, params={"channel": 2}).json() == {"hop_ms": 100, "labels": list(LABELS), "channels": []}


def test_a_span_has_the_bins_that_begin_within_it_as_the_whole_recording_has_them(
    client: TestClient, services: Services
) -> None:
    parts = [Part(number % 2, 730 * number, logits(30)) for number in range(60)]
    url = f"/v1/jobs/{analysed(services, parts, JobOptions())}/frames"
    whole = client.get(url).json()["channels"]
    for start, end in [(0, 10_000), (29_950, 41_010), (40_000, 10**7)]:
        spanned = client.get(url, params={"start_ms": start, "end_ms": end}).json()["channels"]
        for channel, bins in enumerate(whole):
            inside = [index for index, at in enumerate(bins["start_ms"]) if start <= at < end]
            assert inside
            for name in ("start_ms", "segment", "scores"):
                assert spanned[channel][name] == [bins[name][index] for index in inside]
    beyond = client.get(url, params={"start_ms": 10**7}).json()
    assert beyond["channels"] == []


def test_frames_as_npz_hold_the_same(client: TestClient, services: Services) -> None:
    url = f"/v1/jobs/{analysed(services, CALL, JobOptions())}/frames?hop_ms=60"
    document, arrays = client.get(url).json(), loaded(client.get(url, headers=NPZ))
    assert {name: array.dtype.kind for name, array in arrays.items()} == {
        "start_ms": "i",
        "channel": "i",
        "segment": "i",
        "scores": "f",
        "labels": "U",
    }
    assert (arrays["start_ms"].dtype, arrays["scores"].dtype) == (np.int64, np.float32)
    assert arrays["labels"].tolist() == document["labels"]
    for channel in document["channels"]:
        rows = arrays["channel"] == channel["channel"]
        assert arrays["start_ms"][rows].tolist() == channel["start_ms"]
        assert arrays["segment"][rows].tolist() == channel["segment"]
        assert np.allclose(arrays["scores"][rows], channel["scores"], atol=5.1e-5)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/x-npz, application/json;q=0.9", "application/x-npz"),
        ("application/json;q=0, */*", "application/x-npz"),
    ],
)
def test_the_format_is_negotiated_by_the_accept_header(
    client: TestClient, services: Services, accept: str, media_type: str
) -> None:
    answer = client.get(f"/v1/jobs/{analysed(services, CALL, JobOptions())}/frames", headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", "json", ","])
def test_an_unavailable_format_is_refused(client: TestClient, services: Services, accept: str) -> None:
    answer = client.get(f"/v1/jobs/{submitted(services, JobOptions())}/frames", headers={"Accept": accept})
    assert_problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize("hop_ms", ["0", "10", "30", "1020", "-20", "x", "20.5"])
def test_a_hop_that_is_no_multiple_of_a_frame_is_refused(client: TestClient, services: Services, hop_ms: str) -> None:
    answer = client.get(f"/v1/jobs/{analysed(services, CALL, JobOptions())}/frames", params={"hop_ms": hop_ms})
    assert_problem(answer, 422, "invalid_request")


def test_embeddings_are_an_npz_with_an_array_for_each_scored_segment(client: TestClient, services: Services) -> None:
    embeddings = [RANDOM.normal(size=16).astype(np.float32) for _ in CALL]
    job_id = analysed(services, CALL, OPTIONS, embeddings)
    arrays = loaded(client.get(f"/v1/jobs/{job_id}/embeddings"))
    assert list(arrays) == ["000000", "000001", "000003"]
    assert all(np.array_equal(arrays[f"{index:06d}"], embeddings[index]) for index in (0, 1, 3))


def test_embeddings_that_were_not_asked_for_are_not_found(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, JobOptions())
    assert_problem(client.get(f"/v1/jobs/{job_id}/embeddings"), 404, "no_embeddings")
    assert client.get(f"/v1/jobs/{job_id}").json()["links"]["embeddings"] is None


def test_the_job_links_to_its_frames_and_to_the_embeddings_it_asked_for(client: TestClient) -> None:
    job = post_raw(client, config='{"embeddings": "frame", "granularity": "frame"}').json()
    assert (job["config"]["embeddings"], job["config"]["granularity"]) == ("frame", "frame")
    assert job["links"]["frames"] == f"/v1/jobs/{job['id']}/frames"
    assert job["links"]["embeddings"] == f"/v1/jobs/{job['id']}/embeddings"


@pytest.mark.parametrize("config", ['{"granularity": "word"}', '{"embeddings": "all"}'])
def test_a_granularity_or_a_kind_of_embedding_that_does_not_exist_is_refused(client: TestClient, config: str) -> None:
    assert_problem(post_raw(client, config=config), 422, "invalid_config")


@pytest.mark.parametrize("path", ["frames", "embeddings"])
def test_arrays_exist_from_the_end_of_the_job_to_its_deletion(
    client: TestClient, services: Services, path: str
) -> None:
    job_id = submitted(services, OPTIONS)
    url = f"/v1/jobs/{job_id}/{path}"
    answer = client.get(url)
    assert_problem(answer, 409, "result_not_ready")
    assert answer.headers["Retry-After"]
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert_problem(client.get(url), 409, "no_result")
    client.delete(f"/v1/jobs/{job_id}")
    assert_problem(client.get(url), 410, "job_deleted")
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/{path}"), 404, "job_not_found")


def test_deleting_a_job_takes_its_arrays_along(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, OPTIONS, [logits(1) for _ in CALL])
    stored = {path.parent.name for path in services.settings.objects_dir.rglob("*.np[yz]")}
    assert stored == {"frames", "embeddings"}
    client.delete(f"/v1/jobs/{job_id}")
    assert [path for path in services.settings.objects_dir.rglob("*") if path.is_file()] == []


def test_segments_carry_the_scores_of_their_frames_if_configured(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, OPTIONS, [logits(1) for _ in CALL])
    segments = client.get(f"/v1/jobs/{job_id}/result").json()["segments"]
    assert client.get(f"/v1/jobs/{job_id}/segments").json()["data"] == segments
    for segment, part in zip(segments, CALL, strict=True):
        part_logits = part.logits
        if part_logits is None:
            assert segment["frames"] is None
            continue
        assert (segment["frames"]["hop_ms"], list(segment["frames"]["scores"])) == (20, list(LABELS))
        scores = np.array(list(segment["frames"]["scores"].values())).T
        assert np.allclose(scores, softmax(part_logits), atol=5.1e-5)
        expected = softmax(np.log(softmax(part_logits)).mean(axis=0))
        assert list(segment["scores"].values()) == pytest.approx(expected, abs=1e-5)


def test_segments_carry_no_scores_of_frames_otherwise(client: TestClient, services: Services) -> None:
    job_id = analysed(services, CALL, replace(OPTIONS, granularity="segment"), [logits(1) for _ in CALL])
    assert {segment["frames"] for segment in client.get(f"/v1/jobs/{job_id}/result").json()["segments"]} == {None}


def test_a_recording_without_speech_has_no_bins_and_no_embeddings(client: TestClient, services: Services) -> None:
    url = f"/v1/jobs/{analysed(services, [], OPTIONS)}"
    assert client.get(f"{url}/frames").json() == {"hop_ms": 100, "labels": [], "channels": []}
    assert loaded(client.get(f"{url}/frames", headers=NPZ))["scores"].shape == (0, 0)
    assert loaded(client.get(f"{url}/embeddings")) == {}


def test_a_job_that_two_models_analysed_has_the_labels_of_both(client: TestClient, services: Services) -> None:
    new_logits = logits(1)
    parts = [CALL[0], Part(0, 2000, new_logits, ("sad", "new", "angry"))]
    document = client.get(f"/v1/jobs/{analysed(services, parts, JobOptions())}/frames").json()
    assert document["labels"] == [*LABELS, "new"]
    first, last = document["channels"][0]["scores"][0], document["channels"][0]["scores"][-1]
    sad, new, angry = softmax(new_logits[0])
    assert last == pytest.approx([angry, 0, sad, new], abs=5.1e-5)
    assert (first[3], sum(first)) == (0, pytest.approx(1, abs=2e-4))


def test_openapi_describes_both_formats(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    answers = paths["/v1/jobs/{job_id}/frames"]["get"]["responses"]
    assert set(answers["200"]["content"]) == {"application/json", "application/x-npz"}
    assert {"404", "406", "409", "410", "422"} <= set(answers)
    assert set(paths["/v1/jobs/{job_id}/embeddings"]["get"]["responses"]["200"]["content"]) == {"application/x-npz"}
