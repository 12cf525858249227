"""Trying jobs again that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.domain.errors import AudioDeleted, JobRunning, NothingToRetry
from shared.domain.job import JobState
from shared.ports import Clock, JobRepository, Queue, WakeUps

What = Literal["failed_segments", "all"]


@dataclass(frozen=True, slots=True)
class JobRetry:
    """The use case."""

    jobs: JobRepository
    wake_ups: WakeUps
    clock: Clock

    def retry(self, job_id: str, what: What) -> None:
        """Queues the job anew: what was found for its segments stands, but for those that were skipped, or for none.

        Raises:
            JobNotFound, JobDeleted.
            JobRunning: it has not ended.
            AudioDeleted.
        NothingToRetry: it succeeded, and no segment was skipped.
        """
        while (job := self.jobs.get(job_id)).state.terminal:
            if job.audio_deleted:
                raise AudioDeleted
            if what == "failed_segments" and job.state is JobState.SUCCEEDED and not self._skipped(job_id):
                raise NothingToRetry
            if self.jobs.retry(job, job.retried(self.clock.now()), forget_all=what == "all"):
                self.wake_ups.wake(Queue.PREPARE)
                return
        raise JobRunning

    def _skipped(self, job_id: str) -> int:
        return self.jobs.counts([job_id])[job_id].skipped
