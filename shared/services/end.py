"""Ending jobs before their time: cancel, delete, and the sweep that cleans up after deletions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.errors import JobFinished
from shared.domain.job import JobState
from shared.ports import Clock, JobStore, ObjectStore
from shared.services.keys import job_prefix


@dataclass(frozen=True, slots=True)
class End:
    """The use case. `lease_s` is how long a worker may go on, unaware, with a job that is gone."""

    jobs: JobStore
    objects: ObjectStore
    clock: Clock
    lease_s: float

    def cancel(self, job_id: str) -> None:
        """Stops a job; its workers notice at their next step.

        Raises:
            JobNotFound, JobDeleted, JobFinished.
        """
        while not (job := self.jobs.get(job_id)).state.terminal:
            if self.jobs.replace(job, job.to(JobState.CANCELED, self.clock.now())):
                return
        raise JobFinished

    def delete(self, job_id: str) -> None:
        """Deletes a job in any state, with every row and object of it. Raises JobNotFound or JobDeleted."""
        self.jobs.delete(job_id)
        self.objects.delete_prefix(job_prefix(job_id))

    def sweep(self) -> None:
        """Deletes what workers still wrote for jobs that were deleted under their hands."""
        for job_id in self.jobs.purgeable(2 * self.lease_s):
            self.objects.delete_prefix(job_prefix(job_id))
            self.jobs.purged(job_id)
