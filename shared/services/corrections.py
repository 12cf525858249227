"""Corrections: people say what the emotion of a segment is."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.emotion import EMOTIONS, ModelInfo
from shared.domain.errors import UnknownEmotion
from shared.domain.job import Job
from shared.domain.segment import Correction, SegmentResult
from shared.ports import Clock, JobRepository


@dataclass(frozen=True, slots=True)
class Corrections:
    """The use case. Each method raises JobNotFound, JobDeleted or SegmentNotFound where there is none to correct."""

    jobs: JobRepository
    clock: Clock
    key_id: str | None = None

    def correct(self, job_id: str, index: int, emotion: str, comment: str | None) -> tuple[Job, SegmentResult]:
        """Keeps it as feedback, in the place of what was said before. Raises UnknownEmotion."""
        job = self.jobs.get(job_id)
        choices = _choices(job.model)
        if emotion not in choices:
            raise UnknownEmotion(f"The emotion must be one of {', '.join(choices)}.")
        correction = Correction(emotion, comment, self.clock.now(), self.key_id)
        return job, self.jobs.correct(job_id, index, correction)

    def withdraw(self, job_id: str, index: int) -> None:
        """Forgets what was said of a segment, if anything."""
        self.jobs.withdraw_correction(job_id, index)


def _choices(model: ModelInfo | None) -> tuple[str, ...]:
    """Those of Emotion2Vec+, which a person may hear also where the model knows fewer, and the model's own."""
    return tuple(dict.fromkeys((*EMOTIONS, *(model.labels if model else ()))))
