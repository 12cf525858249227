"""The objects that the stage stores for each segment, and their order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pytest

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import StorageFull, StoreUnavailable
from shared.domain.failure import FailureCode
from shared.domain.segment import SegmentOutcome
from shared.ports import ObjectStore, ObjectWriter, SegmentClaim
from shared.services.object_keys import embedding_key
from shared.settings import Settings
from tests.support.infer import DIM, SECOND, FakeModel, prepared
from tests.support.waiting import PATIENCE_S
from worker.pipeline.ports import Prediction
from worker.stages.infer import InferStage


class RecordingOrderStore:
    """A job store that notes, when outcomes are recorded, the segments whose logits are stored already."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.stored_first: list[int] = []

    def record(
        self,
        outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]],
        model: ModelInfo,
        logits_keys: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        for key in logits_keys.values():
            with np.load(self._services.settings.objects_dir / key) as arrays:
                self.stored_first += arrays["segments"].tolist()
        return self._services.ports.work_queue.record(outcomes, model, logits_keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services.ports.work_queue, name)


class FullObjectStore:
    """An object store with room for `room` more objects, which then raises `error`."""

    def __init__(self, services: Services, room: int, error: type[Exception]) -> None:
        self._services = services
        self._room = room
        self._error = error

    def writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        self._room -= 1
        if self._room < 0:
            raise self._error
        return self._services.object_store.writer(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services.object_store, name)


def logits_shapes(services: Services, job_id: str) -> dict[int, tuple[int, ...]]:
    """The shape of the logits of each segment that has some."""
    shapes: dict[int, tuple[int, ...]] = {}
    for index, key in services.jobs.logits_keys(job_id, range(100)).items():
        with np.load(services.settings.objects_dir / key) as arrays:
            frames = dict(zip(arrays["segments"].tolist(), arrays["frames"].tolist(), strict=True))
            assert sum(frames.values()) == len(arrays["logits"])
            shapes[index] = (frames[index], arrays["logits"].shape[1])
    return shapes


def embedding_shapes(services: Services, job_id: str) -> dict[int, tuple[int, ...]]:
    """The shape of the embeddings of each segment that has some."""
    shapes = {}
    for result in services.jobs.results(job_id):
        path = services.settings.objects_dir / embedding_key(job_id, result.segment)
        if path.exists():
            shapes[result.segment.index] = np.load(path, allow_pickle=False).shape
    return shapes


def test_frames_of_a_segment_are_stored_before_its_outcome(services: Services) -> None:
    watching = RecordingOrderStore(services)
    job_id = prepared(services, 3)
    assert InferStage(build_services(replace(services.ports, work_queue=watching)), FakeModel()).run_once()
    assert watching.stored_first == [0, 2]
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]
    assert logits_shapes(services, job_id) == {0: (50, 3), 2: (150, 3)}
    assert embedding_shapes(services, job_id) == {}


@pytest.mark.parametrize("error", [StorageFull, StoreUnavailable])
@pytest.mark.parametrize("room", [0, 1, 2])
def test_segments_whose_arrays_cannot_be_stored_are_retried_without_an_outcome(
    services: Services, room: int, error: type[Exception]
) -> None:
    job_id = prepared(services, 3, "utterance")
    full = build_services(replace(services.ports, object_store=FullObjectStore(services, room, error)))
    for _ in range(5):  # more often than a segment may be tried
        with pytest.raises(error):
            InferStage(full, FakeModel()).run_once()
        assert services.jobs.counts([job_id])[job_id].processed == 0
    InferStage(services, FakeModel()).run_once()
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]
    assert embedding_shapes(services, job_id) == {0: (DIM,), 2: (DIM,)}


class FailingObjectStore:
    """An object store that is away."""

    def read(self, key: str, span: range | None = None) -> bytes:
        raise StoreUnavailable


def test_a_store_that_breaks_off_is_not_taken_for_bad_sound(services: Services) -> None:
    job_id = prepared(services, 3)
    away = build_services(replace(services.ports, object_store=cast(ObjectStore, FailingObjectStore())))
    for _ in range(5):  # more often than a segment may be tried
        with pytest.raises(StoreUnavailable):
            InferStage(away, FakeModel()).run_once()
    InferStage(services, FakeModel()).run_once()
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]


def test_embeddings_are_stored_as_each_job_requests(services: Services) -> None:
    plain, utterance, frame = (prepared(services, 1, kind) for kind in (None, "utterance", "frame"))
    model = FakeModel()
    InferStage(services, model).run_once()
    assert model.asked == [True]
    assert [logits_shapes(services, job_id) for job_id in (plain, utterance, frame)] == [{0: (50, 3)}] * 3
    assert embedding_shapes(services, plain) == {}
    assert embedding_shapes(services, utterance) == {0: (DIM,)}
    assert embedding_shapes(services, frame) == {0: (50, DIM)}


def test_a_job_has_scores_and_frames_of_the_emotions_that_it_names(services: Services) -> None:
    every, two, none = (
        prepared(services, 1, emotions=emotions) for emotions in (None, ("sad", "angry"), ("bored", "tired"))
    )
    InferStage(services, FakeModel()).run_once()
    (whole,), (part,), (skipped,) = (services.jobs.results(job_id) for job_id in (every, two, none))
    assert whole.outcome.scores
    assert part.outcome.scores
    assert sum(part.outcome.scores.values()) == pytest.approx(1)
    ratio = whole.outcome.scores["sad"] / whole.outcome.scores["angry"]
    assert part.outcome.scores["sad"] / part.outcome.scores["angry"] == pytest.approx(ratio, rel=1e-5)
    assert [logits_shapes(services, job_id) for job_id in (every, two, none)] == [{0: (50, 3)}, {0: (50, 2)}, {}]
    assert skipped.outcome.reason is FailureCode.EMOTIONS_MISSING


def test_the_model_computes_frame_embeddings_only_on_request(services: Services) -> None:
    model = FakeModel()
    for kind in (None, "utterance"):
        prepared(services, 1, kind)
        InferStage(services, model).run_once()
    assert model.asked == [False, False]


def test_a_job_that_is_deleted_during_inference_leaves_no_objects(services: Services) -> None:
    deleted, remaining = prepared(services, 1, "frame"), prepared(services, 1)
    InferStage(services, FakeModel(lambda: services.cancellation.delete(deleted))).run_once()
    assert not (services.settings.objects_dir / "jobs" / deleted).exists()
    assert logits_shapes(services, remaining) == {0: (50, 3)}
    assert [result.ok for result in services.jobs.results(remaining)] == [True]


class WaitingStore:
    """An object store that answers when it is told to."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.asked, self.answer = Event(), Event()

    def read(self, key: str, span: range | None = None) -> bytes:
        self.asked.set()
        self.answer.wait(PATIENCE_S)
        return self._services.object_store.read(key, span)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services.object_store, name)


def test_a_store_that_is_slower_than_the_lease_loses_no_claim(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, lease_s=1)
    with open_services(settings, LocalWakeUps()) as services, ThreadPoolExecutor(1) as thread:
        job_id = prepared(services, 3)
        store: Any = WaitingStore(services)
        slow = build_services(replace(services.ports, object_store=store))
        stage = InferStage(slow, FakeModel())
        scored = thread.submit(stage.run_once)
        store.asked.wait(PATIENCE_S)
        claimed_meanwhile: list[SegmentClaim] = []
        for _ in range(5):
            time.sleep(settings.lease_s / 2)
            claimed_meanwhile += services.ports.work_queue.claim_segments(10**9)
        store.answer.set()
        assert scored.result()
        assert claimed_meanwhile == []
        assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]


def test_one_claim_waits_for_the_model_and_none_is_made_when_the_worker_stops(services: Services) -> None:
    for _ in range(4):
        prepared(services, 1)
    busy, go_on, stop = Event(), Event(), Event()

    def work() -> None:
        busy.set()
        go_on.wait(PATIENCE_S)

    class OneAtATime(FakeModel):
        """The model as its adapter: one caller at a time."""

        batch = SECOND // 2  # a claim of one segment
        _in_use = Lock()

        def predict(self, *arguments: Any, **options: Any) -> Iterator[list[Prediction]]:
            with self._in_use:
                for predictions in super().predict(*arguments, **options):
                    work()
                    yield predictions

    stage = InferStage(services, OneAtATime(), stop)
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(stage.run_once) for _ in range(4)]
        assert busy.wait(PATIENCE_S)
        time.sleep(0.3)  # the others could claim in that time
        stop.set()
        go_on.set()
        assert sorted(run.result() for run in runs) == [False, False, True, True]
