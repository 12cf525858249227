"""The objects that the stage stores for each segment, and their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest

from shared.container import Services, build_services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import ObjectNotFound, StorageFull, StoreUnavailable
from shared.domain.job import JobState
from shared.domain.options import EmbeddingKind, JobOptions
from shared.domain.segment import Segment, SegmentOutcome
from shared.frame_scores import softmax
from shared.ports import ObjectStore, ObjectWriter, SegmentClaim, StoredSegment
from shared.services.object_keys import audio_key, embedding_key, frames_key
from tests.support.analysed import submitted
from worker.pipeline.cut_placement import Cut, CutReason
from worker.pipeline.ports import Prediction, Samples
from worker.pipeline.prepare import Clip
from worker.stages.infer import InferStage
from worker.stages.prepare import flac

SECOND = 16_000
LABELS = ("happy", "sad", "angry")
DIM = 8


class FakeModel:
    """`worker.pipeline.ports.EmotionModel` with made-up predictions, which calls `meanwhile` before each."""

    info = ModelInfo("test", None, "00", LABELS)
    batch = 100 * SECOND

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._meanwhile = meanwhile
        self.asked: list[bool] = []

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        self._meanwhile()
        self.asked.append(frame_embeddings)
        for clips in batches:
            yield [_prediction(len(clip) // 320, frame_embeddings) for clip in clips]


class RecordingOrderStore:
    """A job store that notes, when an outcome is recorded, whether its arrays are stored already."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.seen: list[bool] = []

    def record(self, outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]], model: ModelInfo) -> int:
        self.seen += [_frames(self._services, claim) is not None for claim, _ in outcomes]
        return self._services.ports.work_queue.record(outcomes, model)

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


def _prediction(frames: int, frame_embeddings: bool) -> Prediction:
    random = np.random.default_rng(frames)
    logits = random.normal(size=(frames, len(LABELS))).astype(np.float32)
    vectors = random.normal(size=(frames, DIM)).astype(np.float32)
    scores = dict(zip(LABELS, softmax(logits.mean(axis=0)).tolist(), strict=True))
    return Prediction(scores, logits, vectors.mean(axis=0), vectors if frame_embeddings else None)


def _frames(services: Services, claim: SegmentClaim) -> Path | str | None:
    try:
        return services.object_store.locate(frames_key(claim.job_id, claim.stored.segment))
    except ObjectNotFound:
        return None


def prepared(services: Services, count: int, embeddings: EmbeddingKind | None = None) -> str:
    """The id of a job with `count` segments to be analysed, the second of them silent."""
    job_id = submitted(services, JobOptions(embeddings=embeddings))
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    stored = [_stored(services, job_id, index) for index in range(count)]
    services.ports.work_queue.save(claim, claim.job.to(JobState.INFERRING, services.clock.now()), add=stored)
    return job_id


def _stored(services: Services, job_id: str, index: int) -> StoredSegment:
    length = (index + 1) * SECOND
    segment = Segment(index, 0, index * 60 * SECOND, index * 60 * SECOND + length, length)
    key = audio_key(job_id, segment)
    sound = np.zeros(length, np.int16) if index == 1 else np.arange(length).astype(np.int16)
    with services.object_store.writer(key) as writer:
        writer.write(flac(Clip(segment, sound, Cut(CutReason.END_OF_TALK))))
    return StoredSegment(segment, key)


def shapes(services: Services, job_id: str, key: Callable[[str, Segment], str]) -> dict[int, tuple[int, ...]]:
    """The shape of the array under this key for each segment that has one."""
    found = {}
    for result in services.jobs.results(job_id):
        path = services.settings.objects_dir / key(job_id, result.segment)
        if path.exists():
            found[result.segment.index] = np.load(path, allow_pickle=False).shape
    return found


def test_frames_of_every_scored_segment_are_kept_before_its_outcome_is(services: Services) -> None:
    watching = RecordingOrderStore(services)
    job_id = prepared(services, 3)
    assert InferStage(build_services(replace(services.ports, work_queue=watching)), FakeModel()).run_once()
    assert watching.seen == [True, False, True]
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]
    assert shapes(services, job_id, frames_key) == {0: (50, 3), 2: (150, 3)}
    assert shapes(services, job_id, embedding_key) == {}


@pytest.mark.parametrize("error", [StorageFull, StoreUnavailable])
@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_when_the_arrays_cannot_be_kept_nothing_is_recorded_and_the_segments_are_tried_again(
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
    assert shapes(services, job_id, embedding_key) == {0: (DIM,), 2: (DIM,)}


class FailingObjectStore:
    """An object store whose objects can be opened but not read."""

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        yield cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        raise StoreUnavailable


def test_a_store_that_breaks_off_is_not_taken_for_bad_sound(services: Services) -> None:
    job_id = prepared(services, 3)
    away = build_services(replace(services.ports, object_store=cast(ObjectStore, FailingObjectStore())))
    for _ in range(5):  # more often than a segment may be tried
        with pytest.raises(StoreUnavailable):
            InferStage(away, FakeModel()).run_once()
    InferStage(services, FakeModel()).run_once()
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False, True]


def test_embeddings_are_kept_of_the_jobs_that_ask_in_the_kind_they_ask_for(services: Services) -> None:
    plain, utterance, frame = (prepared(services, 1, kind) for kind in (None, "utterance", "frame"))
    model = FakeModel()
    InferStage(services, model).run_once()
    assert model.asked == [True]
    assert [shapes(services, job_id, frames_key) for job_id in (plain, utterance, frame)] == [{0: (50, 3)}] * 3
    assert shapes(services, plain, embedding_key) == {}
    assert shapes(services, utterance, embedding_key) == {0: (DIM,)}
    assert shapes(services, frame, embedding_key) == {0: (50, DIM)}


def test_the_model_gives_frame_embeddings_only_where_somebody_wants_them(services: Services) -> None:
    model = FakeModel()
    for kind in (None, "utterance"):
        prepared(services, 1, kind)
        InferStage(services, model).run_once()
    assert model.asked == [False, False]


def test_nothing_is_kept_of_a_job_that_was_deleted_while_the_model_worked(services: Services) -> None:
    gone, other = prepared(services, 1, "frame"), prepared(services, 1)
    InferStage(services, FakeModel(lambda: services.cancellation.delete(gone))).run_once()
    assert not (services.settings.objects_dir / "jobs" / gone).exists()
    assert shapes(services, other, frames_key) == {0: (50, 3)}
    assert [result.ok for result in services.jobs.results(other)] == [True]
