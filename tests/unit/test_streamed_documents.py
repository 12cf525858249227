"""Large documents that are written while they are sent: the same text as at once, in little memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from api.routes.frames import frame_arrays
from shared import frame_scores
from shared.domain.options import JobOptions
from shared.frame_scores import Grid, LongGrid, grid, grid_parts, pack_scores
from shared.schemas.frames import frames_json
from shared.schemas.result import AnalysedRecording, ResultDocument, result_json
from tests.exports.recordings import awkward, recording

LABELS = ("angry", "happy", "sad")


def test_a_result_is_the_same_text_whatever_its_roles_are() -> None:
    call, result = recording('"segments":[]', "customer"), awkward()
    scores = {0: np.array([[0.12345, 0.87655, 0.0]], np.float32)}
    ended = datetime(2026, 11, 30, tzinfo=UTC)
    analysed = AnalysedRecording(call, result, JobOptions(), ended, None)
    at_once = ResultDocument.from_analysed(analysed, str, scores).model_dump_json(by_alias=True)
    packed = {index: pack_scores(of_segment) for index, of_segment in scores.items()}
    assert b"".join(result_json(analysed, str, packed)).decode() == at_once


def parts(number: int) -> Iterator[Grid]:
    random = np.random.default_rng(1)
    for part in range(number):
        channel = np.repeat([0, 1], 500)
        start = 20 * (part * 500 + np.tile(np.arange(500), 2))
        scores = random.random((1000, len(LABELS)), np.float32)
        yield Grid(20, LABELS, channel, start, start // 5000, scores)


def in_channel(number: int, channel: int) -> Iterator[Grid]:
    for part in parts(number):
        at = part.channel == channel
        yield Grid(20, LABELS, part.channel[at], part.start_ms[at], part.segment[at], part.scores[at])


@pytest.mark.parametrize("kept", [0, 10**9])
def test_frames_are_the_parts_of_each_channel(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(frame_scores, "_KEPT_BYTES", kept)
    long_grid = LongGrid(parts(3), lambda channel: in_channel(3, channel))
    document = json.loads(b"".join(frames_json(long_grid, 20, LABELS, {0: "agent"}.get)))
    assert (document["hop_ms"], document["labels"]) == (20, list(LABELS))
    assert [(channel["channel"], channel["role"]) for channel in document["channels"]] == [(0, "agent"), (1, None)]
    for number, channel in enumerate(document["channels"]):
        of_channel = [(part, part.channel == number) for part in parts(3)]
        assert channel["start_ms"] == list(range(0, 30_000, 20))
        assert channel["segment"] == [start // 5000 for start in channel["start_ms"]]
        expected = np.concatenate([part.scores[bins] for part, bins in of_channel]).astype(np.float64).round(4)
        assert channel["scores"] == expected.tolist()
    arrays = {name: b"".join(pieces) for name, pieces in frame_arrays(long_grid, 20, LABELS)}
    scores = np.load(io.BytesIO(arrays["scores"]))
    assert scores.tobytes() == b"".join(part.scores.tobytes() for channel in (0, 1) for part in in_channel(3, channel))
    empty = LongGrid([], lambda _: [])
    assert json.loads(b"".join(frames_json(empty, 20, LABELS, str)))["channels"] == []


def test_frames_of_a_long_recording_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_scores, "_KEPT_BYTES", 10**6)
    list(frame_arrays(LongGrid([], lambda _: []), 20, LABELS))  # imports take memory at the first use
    tracemalloc.start()
    long_grid = LongGrid(parts(300), lambda channel: in_channel(300, channel))
    written = sum(len(piece) for _, pieces in frame_arrays(long_grid, 20, LABELS) for piece in pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < written / 2


def test_a_grid_in_parts_is_the_whole_grid() -> None:
    assert sum(len(part.scores) for part in grid_parts([], LABELS, 20)) == 0
    assert len(grid([], LABELS, 20).scores) == 0
