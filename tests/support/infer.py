"""Jobs that wait for the inference stage, and a model for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from shared.container import Services
from shared.domain.emotion import ModelInfo
from shared.domain.job import JobState
from shared.domain.options import EmbeddingKind, JobOptions
from shared.domain.segment import Segment
from shared.frame_scores import softmax
from shared.ports import StoredSegment
from shared.services.object_keys import audio_key
from tests.support.analysed import submitted
from worker.pipeline.cut_placement import Cut, CutReason
from worker.pipeline.ports import Prediction, Samples
from worker.pipeline.prepare import Clip
from worker.stages.store_clips import flac

SECOND = 16_000
LABELS = ("happy", "sad", "angry")
DIM = 8


class FakeModel:
    """`worker.pipeline.ports.EmotionModel` with made-up predictions, which calls `meanwhile` before each."""

    info = ModelInfo("test", None, "00", LABELS)
    batch = 100 * SECOND
    samples_per_s = 0.0

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


def _prediction(frames: int, frame_embeddings: bool) -> Prediction:
    random = np.random.default_rng(frames)
    logits = random.normal(size=(frames, len(LABELS))).astype(np.float32)
    vectors = random.normal(size=(frames, DIM)).astype(np.float32)
    scores = dict(zip(LABELS, softmax(logits.mean(axis=0)).tolist(), strict=True))
    return Prediction(scores, logits, vectors.mean(axis=0), vectors if frame_embeddings else None)


def prepared(
    services: Services,
    count: int,
    embeddings: EmbeddingKind | None = None,
    emotions: tuple[str, ...] | None = None,
) -> str:
    """The id of a job with `count` segments to be analysed, the second of them silent."""
    job_id = submitted(services, JobOptions(embeddings=embeddings, emotions=emotions))
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    stored = [_stored(services, job_id, index) for index in range(count)]
    services.ports.work_queue.save(claim, claim.job.to(JobState.INFERRING, services.clock.now()), add=stored)
    return job_id


def _stored(services: Services, job_id: str, index: int) -> StoredSegment:
    length = (index + 1) * SECOND
    segment = Segment(index, 0, index * 60 * SECOND, index * 60 * SECOND + length, length)
    key = audio_key(job_id, [segment])
    sound = np.zeros(length, np.int16) if index == 1 else np.arange(length).astype(np.int16)
    with services.object_store.writer(key) as writer:
        writer.write(flac(Clip(segment, sound, Cut(CutReason.END_OF_TALK))))
    return StoredSegment(segment, key)
