from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any, BinaryIO

import numpy as np

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.analysed import Part, analysed
from tests.support.waiting import PATIENCE_S

AT_ONCE = 8


class MeetingStore:
    """An object store whose objects are opened when eight of them are asked for."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects
        self._barrier = Barrier(AT_ONCE, timeout=PATIENCE_S)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        self._barrier.wait()
        with self._objects.open(key) as file:
            yield file


def test_frame_scores_of_segments_are_loaded_eight_at_a_time(tmp_path: Path) -> None:
    with open_services(Settings(data_dir=tmp_path), LocalWakeUps()) as services:
        logits = np.zeros((10, 3), np.float32)
        parts = [Part(0, 1000 * number, logits) for number in range(2 * AT_ONCE)]
        job_id = analysed(services, parts, JobOptions(granularity="frame"))
        job, result = services.reader.result(job_id)
        meeting: Any = MeetingStore(services.frame_store.objects)
        scores = replace(services.frame_store, objects=meeting).segment_scores(job, result.segments)
        assert list(scores) == list(range(2 * AT_ONCE))
        assert np.allclose(scores[0], 1 / 3)
