"""Retries of jobs that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.domain.errors import AudioDeleted, JobRunning, NothingToRetry
from shared.domain.job import JobState
from shared.ports import Clock, JobRepository, Queue, WakeUps

RetryScope = Literal["failed_segments", "all"]


@dataclass(frozen=True, slots=True)
class JobRetry:
    """Retries jobs."""

    jobs: JobRepository
    wake_ups: WakeUps
    clock: Clock

    def retry(self, job_id: str, scope: RetryScope) -> None:
        """Queue a job again, to analyse its skipped segments or all segments.

        Raises:
            JobNotFound, JobDeleted, AudioDeleted.
            JobRunning: the job has not ended.
            NothingToRetry: the job succeeded, and no segment was skipped.
        """
        while (job := self.jobs.get(job_id)).state.terminal:
            if job.audio_deleted:
                raise AudioDeleted
            nothing_skipped = job.state is JobState.SUCCEEDED and not self.jobs.counts([job_id])[job_id].skipped
            if scope == "failed_segments" and nothing_skipped:
                raise NothingToRetry
            if self.jobs.retry(job, job.retried(self.clock.now()), forget_all=scope == "all"):
                self.wake_ups.wake(Queue.PREPARE)
                return
        raise JobRunning
