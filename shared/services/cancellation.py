"""Cancellation and deletion of jobs."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import JobFinished, Outage
from shared.domain.job import JobState
from shared.ports import Clock, JobRepository, ObjectStore, Queue, WakeUps
from shared.services.object_keys import job_prefix


@dataclass(frozen=True, slots=True)
class JobCancellation:
    """Cancels and deletes jobs."""

    jobs: JobRepository
    objects: ObjectStore
    wake_ups: WakeUps
    clock: Clock

    def cancel(self, job_id: str) -> None:
        """Cancel a job; its workers notice at their next step. Raises JobNotFound, JobDeleted, JobFinished."""
        while not (job := self.jobs.get(job_id)).state.terminal:
            if self.jobs.replace(job, job.to(JobState.CANCELED, self.clock.now())):
                if job.options.notifies:
                    self.wake_ups.wake(Queue.DELIVER)
                return
        raise JobFinished

    def delete(self, job_id: str) -> bool:
        """Delete a job in any state, with all its rows and objects; return whether all objects are deleted.

        Sweeps delete those that the store keeps for now. Raises JobNotFound or JobDeleted.
        """
        self.jobs.delete(job_id)
        try:
            self.objects.delete_prefix(job_prefix(job_id))
        except Outage:
            return False
        return True
