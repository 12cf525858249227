"""Corrections of the emotions of segments by people."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.emotion import EMOTIONS
from shared.domain.errors import UnknownEmotion
from shared.domain.job import Job
from shared.domain.segment import Correction, SegmentResult, apply_corrections
from shared.domain.speaker_channels import segment_by_speaker
from shared.ports import Clock, JobRepository


@dataclass(frozen=True, slots=True)
class Corrections:
    """Stores corrections. Each method raises JobNotFound, JobDeleted or SegmentNotFound for an unknown segment."""

    jobs: JobRepository
    clock: Clock
    key_id: str | None = None

    def correct(self, job_id: str, index: int, emotion: str, comment: str | None) -> tuple[Job, SegmentResult]:
        """Store the emotion that a person chose for a segment, in place of an earlier one. Raises UnknownEmotion.

        The emotion must be one of Emotion2Vec+ or of the job's model.
        """
        job = self.jobs.get(job_id)
        choices = tuple(dict.fromkeys((*EMOTIONS, *(job.model.labels if job.model else ()))))
        if emotion not in choices:
            raise UnknownEmotion(f"The emotion must be one of {', '.join(choices)}.")
        correction = Correction(emotion, comment, self.clock.now(), self.key_id)
        (corrected,) = apply_corrections([self.jobs.correct(job_id, index, correction)])
        return job.by_speaker(), segment_by_speaker(job.recording, corrected)

    def withdraw(self, job_id: str, index: int) -> None:
        """Delete the correction of a segment, if there is one."""
        self.jobs.withdraw_correction(job_id, index)
