"""Frame scores and embeddings of the bundled call, from the real model over HTTP."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.frame_scores import Floats, softmax
from tests.support.service_client import Client
from tests.support.stored_logits import stored_logits

CALL = Path(__file__).parents[2] / "samples" / "call.opus"


@dataclass(frozen=True)
class Analysed:
    job: dict[str, Any]
    segments: list[dict[str, Any]]
    folder: Path

    @property
    def embeddings(self) -> dict[int, Floats]:
        """The embeddings that were kept, by segment."""
        return {int(path.name[:6]): np.load(path, allow_pickle=False) for path in self.folder.glob("embeddings/*")}


@pytest.fixture(scope="module")
def call(client: Client, data_dir: Path) -> Analysed:
    job, result = client.analysed(CALL.read_bytes(), granularity="frame", embeddings="utterance")
    return Analysed(job, result["segments"], data_dir / "objects" / "jobs" / job["id"])


def scores_of(segment: dict[str, Any]) -> list[float]:
    return list(segment["scores"].values())


def arrays_of(client: Client, url: str, **params: Any) -> dict[str, NDArray[Any]]:
    answer = client.get(url, params=params, headers={"Accept": "application/x-npz"})
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
        return dict(arrays)


def test_the_mean_of_a_segments_stored_logits_gives_its_scores(call: Analysed) -> None:
    logits = stored_logits(call.folder)
    assert len(call.segments) > 10
    assert sorted(logits) == [segment["index"] for segment in call.segments]
    for segment in call.segments:
        frame_logits = logits[segment["index"]]
        assert scores_of(segment) == pytest.approx(softmax(frame_logits.mean(axis=0)), abs=1e-5)
        assert len(frame_logits) == (16 * (segment["end_ms"] - segment["start_ms"]) - 400) // 320 + 1


def test_the_grid_covers_the_segments_and_nothing_else(client: Client, call: Analysed) -> None:
    document = client.get(call.job["links"]["frames"]).json()
    assert document["labels"] == list(call.segments[0]["scores"])
    assert [channel["channel"] for channel in document["channels"]] == [0, 1]
    for channel in document["channels"]:
        segments = [segment for segment in call.segments if segment["channel"] == channel["channel"]]
        # The last frame begins 25 ms before the end of the segment or up to 20 ms earlier.
        covered = {
            ms for segment_ in segments for ms in range(segment_["start_ms"] // 100 * 100, segment_["end_ms"] - 45, 100)
        }
        assert covered <= set(channel["start_ms"])
        assert set(channel["segment"]) == {segment["index"] for segment in segments}
        ends = {segment["index"]: segment["end_ms"] for segment in segments}
        assert all(ms < ends[index] for ms, index in zip(channel["start_ms"], channel["segment"], strict=True))
        assert np.allclose(np.sum(channel["scores"], axis=1), 1, atol=1e-3)


def test_on_the_models_own_grid_each_segment_has_all_of_its_frames(client: Client, call: Analysed) -> None:
    arrays = arrays_of(client, call.job["links"]["frames"], hop_ms=20)
    for segment in call.segments:
        frame_scores = arrays["scores"][arrays["segment"] == segment["index"]]
        assert scores_of(segment) == pytest.approx(softmax(np.log(frame_scores).mean(axis=0)), abs=1e-5)
        frames = segment["frames"]
        assert frames["hop_ms"] == 20
        assert np.allclose(np.array(list(frames["scores"].values())).T, frame_scores, atol=5.1e-5)


def test_the_embeddings_of_the_segments_load_as_one_archive(client: Client, call: Analysed) -> None:
    arrays = arrays_of(client, call.job["links"]["embeddings"])
    assert list(arrays) == [f"{segment['index']:06d}" for segment in call.segments]
    shapes = {(array.shape, str(array.dtype)) for array in arrays.values()}
    assert len(shapes) == 1
    assert len(next(iter(shapes))[0]) == 1
    stored = call.embeddings
    assert all(np.array_equal(array, stored[int(name)]) for name, array in arrays.items())


def test_embeddings_of_frames_have_their_utterances_as_their_mean(client: Client, call: Analysed) -> None:
    job, _ = client.analysed(CALL.read_bytes(), embeddings="frame")
    vectors = arrays_of(client, job["links"]["embeddings"])
    logits, means = stored_logits(call.folder), arrays_of(client, call.job["links"]["embeddings"])
    assert list(vectors) == list(means)
    for name, frame_vectors in vectors.items():
        assert frame_vectors.shape == (len(logits[int(name)]), *means[name].shape)
        assert np.allclose(frame_vectors.mean(axis=0), means[name], atol=1e-4)


def test_deleting_a_job_deletes_all_of_its_data(client: Client, data_dir: Path) -> None:
    job, _ = client.analysed(CALL.read_bytes(), embeddings="utterance")
    assert client.delete(job["links"]["self"]).status_code == 204
    assert not (data_dir / "objects" / "jobs" / job["id"]).exists()
    assert client.get(job["links"]["frames"]).json()["code"] == "job_deleted"
