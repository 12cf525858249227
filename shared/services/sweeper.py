"""What is done again and again besides the work: ending what is overdue, waking who was not woken, and deleting what
nobody may keep."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from shared.domain.errors import JobDeleted
from shared.ports import Clock, Housekeeping, JobRepository, ObjectStore, UploadStore, WakeUps
from shared.services.object_keys import audio_prefix, job_prefix
from shared.services.uploads import delete_objects


@dataclass(frozen=True, slots=True)
class Sweeper:
    """The use case. `lease_s` is how long a worker may go on, unaware, with a job that is gone."""

    jobs: JobRepository
    housekeeping: Housekeeping
    uploads: UploadStore
    objects: ObjectStore
    wake_ups: WakeUps
    clock: Clock
    lease_s: float

    def run(self) -> None:
        """Ends what is overdue, wakes the queues that have work to claim, and deletes what is due."""
        self._end_overdue()
        for queue in self.housekeeping.claimable():
            self.wake_ups.wake(queue)
        self._delete_audio()
        self._delete_jobs()
        self._purge()
        self._delete_uploads()

    def _end_overdue(self) -> None:
        for job in self.housekeeping.overdue():
            # Where it has moved on meanwhile, the next sweep has it.
            self.jobs.replace(job, job.too_late(self.clock.now()))

    def _delete_audio(self) -> None:
        for job in self.housekeeping.audio_expired():
            # In this order: when it ends in between, it is done again.
            self.objects.delete_prefix(audio_prefix(job.id))
            self.jobs.replace(job, job.without_audio())

    def _delete_jobs(self) -> None:
        for job_id in self.housekeeping.expired():
            with suppress(JobDeleted):
                self.jobs.delete(job_id)
                self.objects.delete_prefix(job_prefix(job_id))

    def _purge(self) -> None:
        """Deletes what was still written for jobs that were deleted under their workers' hands."""
        for job_id in self.housekeeping.purgeable(2 * self.lease_s):
            self.objects.delete_prefix(job_prefix(job_id))
            self.housekeeping.mark_purged(job_id)

    def _delete_uploads(self) -> None:
        for upload in self.uploads.delete_expired():
            delete_objects(self.objects, upload)
        for upload in self.uploads.purgeable():
            delete_objects(self.objects, upload)
            self.uploads.mark_purged(upload.id)
