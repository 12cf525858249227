"""The heat map of the bundled call, from the real model, and the scores in its columns."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports import heatmap
from reports.time_columns import TimeColumns
from shared.domain.options import JobOptions
from shared.domain.segment import Segment
from shared.frame_scores import Floats, softmax
from shared.settings import Settings
from tests.support.service_client import Client
from tests.support.stored_logits import stored_logits
from worker.offline.analyze import analyze
from worker.pipeline_builder import build_pipeline

CALL = Path(__file__).parents[2] / "samples" / "call.opus"
Found = list[tuple[Segment, Floats, list[float]]]


@pytest.fixture(scope="module")
def job(client: Client) -> dict[str, Any]:
    return client.analysed(CALL.read_bytes())[0]


@pytest.fixture(scope="module")
def segments(client: Client, data_dir: Path, job: dict[str, Any]) -> Found:
    """Segments with the logits of their frames and their scores in the result."""
    logits = stored_logits(data_dir / "objects" / "jobs" / job["id"])
    scores = client.get(job["links"]["result"]).json()["segments"]
    query = 'SELECT "index", channel, start, "end", 0 FROM segments WHERE job_id = ? ORDER BY "index"'
    with closing(sqlite3.connect(data_dir / "emoline.db")) as database:
        rows = [Segment(*row) for row in database.execute(query, [job["id"]])]
    return [(segment, logits[segment.index], list(scores[segment.index]["scores"].values())) for segment in rows]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_call_has_a_picture(client: Client, job: dict[str, Any], lang: str) -> None:
    answer = client.get(job["links"]["heatmap"], params={"lang": lang})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")


def test_the_columns_of_a_segment_average_back_to_its_scores(segments: Found, job: dict[str, Any]) -> None:
    # As logarithms, as the model itself averages its frames; the rest is rounding in float32.
    columns = TimeColumns.for_duration(16 * job["audio"]["duration_ms"], 1340)
    assert len(segments) > 10
    for segment, logits, scores in segments:
        (column_scores,) = columns.average_scores([(segment, logits)], len(scores), columns.hop).values()
        starts = (segment.start + 320 * np.arange(len(logits))) // columns.hop
        weights = np.bincount(starts, minlength=columns.count)
        averaged = np.average(np.log(column_scores[weights > 0]), axis=0, weights=weights[weights > 0])
        assert softmax(averaged.astype(np.float32)) == pytest.approx(scores, abs=1e-4)


def test_a_column_of_whole_segments_has_the_mean_of_their_scores(segments: Found, job: dict[str, Any]) -> None:
    columns = TimeColumns.for_duration(16 * job["audio"]["duration_ms"], 1)
    frames = [(segment, logits) for segment, logits, _ in segments]
    averages = columns.average_scores(frames, len(segments[0][2]), columns.hop)
    assert sorted(averages) == [0, 1]
    for channel, column_scores in averages.items():
        weighted = [(len(logits), scores) for segment, logits, scores in segments if segment.channel == channel]
        counts, scores = zip(*weighted, strict=True)
        assert column_scores[0] == pytest.approx(np.average(scores, axis=0, weights=counts), abs=1e-4)


def test_without_a_server_the_picture_is_the_same(
    client: Client, data_dir: Path, job: dict[str, Any], segments: Found, tmp_path: Path
) -> None:
    pipeline, out, clips = build_pipeline(Settings()), tmp_path / "out", tmp_path / "clips"
    clips.mkdir()
    with pipeline.model:
        analysis = analyze(CALL, pipeline, JobOptions(), out, lambda *_: None, save_segments=False, clips=clips)
    stored = np.load(data_dir / "objects" / "jobs" / job["id"] / "waveform.npy", allow_pickle=False)
    picture = analysis.picture()
    assert [channel.number for channel in picture.channels] == [0, 1]
    columns = TimeColumns(picture.hop, len(picture.channels[0].scores))
    frames = [(segment, logits) for segment, logits, _ in segments]
    served_scores = columns.average_scores(frames, len(picture.labels), picture.window)
    for channel in picture.channels:
        assert np.array_equal(
            analysis.waveform.select_channels((channel.number,)).peaks[:, 0], stored[str(channel.number)]
        )
        assert np.allclose(channel.scores, served_scores[channel.number], atol=1e-3, equal_nan=True)
    assert heatmap.draw(picture).startswith(b"\x89PNG")
    assert not out.exists()
