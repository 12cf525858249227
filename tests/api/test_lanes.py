"""Lanes: the timeline in little."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from shared.container import Services
from shared.domain.lanes import HeardSegment, coarse_lanes
from shared.domain.options import AggregationOptions, JobOptions
from tests.support.analysed import Part, analysed

SURE, UNSURE = np.array([[4, 0, 0]], np.float32), np.array([[0.2, 0, 0]], np.float32)
CALL = [Part(0, 0, SURE), Part(1, 1000, SURE), Part(0, 4000, UNSURE), Part(1, 6000), Part(1, 9000, UNSURE)]
OPTIONS = JobOptions(
    channels="split", roles=("agent", "customer"), aggregation=AggregationOptions(min_confidence=0.6, gap_ms=0)
)


def test_fine_lanes_are_the_timeline(client: TestClient, services: Services) -> None:
    """Also where people have corrected, where the model is not sure, and where a segment was skipped."""
    url = f"/v1/jobs/{analysed(services, CALL, OPTIONS)}"
    for index in (1, 4):
        client.put(f"{url}/segments/{index}/correction", json={"emotion": "sad"})
    lanes = client.get(f"{url}/lanes", params={"columns": 2000}).json()["data"]
    entries = client.get(f"{url}/timeline").json()["data"]
    assert [lane["emotion"] for lane in lanes] == ["angry", "unknown", "sad", "sad"]
    by_channel = sorted(entries, key=lambda entry: (entry["channel"], entry["start_ms"]))
    assert lanes == [{name: entry[name] for name in lanes[0]} for entry in by_channel]


def test_a_stretch_has_the_emotion_of_most_speech() -> None:
    call = [
        HeardSegment(0, 10, 40, "happy"),
        HeardSegment(0, 40, 90, "sad"),
        HeardSegment(0, 95, 130, "sad"),
        HeardSegment(0, 190, 195, "happy"),
        HeardSegment(1, 150, 260, "angry"),
    ]
    assert coarse_lanes(call, 100) == [
        HeardSegment(0, 10, 195, "sad"),
        HeardSegment(1, 150, 260, "angry"),
    ]
    spoken: dict[str, Any] = {each.emotion: each.end - each.start for each in coarse_lanes(call, 1000)}
    assert spoken == {"sad": 185, "angry": 110}
    assert coarse_lanes([], 100) == []
