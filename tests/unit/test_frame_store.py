from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.options import JobOptions
from shared.frame_scores import softmax
from shared.services.object_keys import job_prefix, own_logits_key
from shared.settings import Settings
from tests.support.analysed import Part, analysed
from tests.support.waiting import PATIENCE_S

AT_ONCE = 8


class MeetingStore:
    """An object store whose objects are read when eight of them are asked for."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects
        self._barrier = Barrier(AT_ONCE, timeout=PATIENCE_S)

    def read(self, key: str, span: range | None = None) -> bytes:
        self._barrier.wait()
        content: bytes = self._objects.read(key, span)
        return content


def test_logits_that_an_older_version_stored_segment_by_segment_are_loaded_eight_at_a_time(tmp_path: Path) -> None:
    with open_services(Settings(data_dir=tmp_path), LocalWakeUps()) as services:
        logits = np.zeros((10, 3), np.float32)
        parts = [Part(0, 1000 * number, logits) for number in range(2 * AT_ONCE)]
        job_id = analysed(services, parts, JobOptions(granularity="frame"))
        job, result = services.reader.result(job_id)
        services.object_store.delete_prefix(f"{job_prefix(job_id)}frames/")
        for segment in result.segments:
            with services.object_store.writer(own_logits_key(job_id, segment.segment)) as writer:
                np.save(writer, logits)
        with closing(sqlite3.connect(tmp_path / "emoline.db")) as connection, connection:
            connection.execute("UPDATE segments SET logits_key = NULL")
        meeting: Any = MeetingStore(services.frame_store.objects)
        scores = replace(services.frame_store, objects=meeting).segment_scores(job, result.segments)
        assert list(scores) == list(range(2 * AT_ONCE))
        assert np.allclose(scores[0], 1 / 3)


def test_segments_that_share_an_object_are_told_apart_by_their_index(services: Services) -> None:
    random = np.random.default_rng(1)
    parts = [Part(0, 1000 * number, random.normal(size=(number + 1, 3)).astype(np.float32)) for number in range(5)]
    job_id = analysed(services, parts, JobOptions(granularity="frame"))
    job, result = services.reader.result(job_id)
    scores = services.frame_store.segment_scores(job, [result.segments[1], result.segments[4]])
    for index in (1, 4):
        logits = parts[index].logits
        assert logits is not None
        assert np.array_equal(scores[index], softmax(logits))
