"""Periodic housekeeping: fails overdue jobs, wakes workers again, deletes expired audio, jobs and uploads, and stores
the facts of jobs that older versions ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from shared.domain.errors import JobDeleted
from shared.domain.job import Job
from shared.ports import Clock, Housekeeping, JobRepository, ObjectStore, UploadStore, WakeUps
from shared.services.object_keys import audio_prefix, job_prefix
from shared.services.uploads import delete_objects

_DELETED_AT_ONCE = 8
"""A store takes a tenth of a second to list and delete the objects of a job, and the database lends ten connections."""


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Sweeps the database and the store. For `lease_s` seconds a worker may still write for a deleted job."""

    jobs: JobRepository
    housekeeping: Housekeeping
    uploads: UploadStore
    objects: ObjectStore
    wake_ups: WakeUps
    clock: Clock
    lease_s: float

    def run(self) -> None:
        """Sweep once. A sweep that was interrupted is completed by the next one."""
        for job in self.housekeeping.overdue():
            # A job that has changed its state meanwhile is left to the next sweep.
            self.jobs.replace(job, job.too_late(self.clock.now()))
        self.housekeeping.mark_segments_done()
        for queue in self.housekeeping.claimable():
            self.wake_ups.wake(queue)
        with ThreadPoolExecutor(_DELETED_AT_ONCE, "sweep") as threads:
            list(threads.map(self._delete_audio, self.housekeeping.audio_expired()))
            list(threads.map(self._delete_job, self.housekeeping.expired()))
        # Workers may have written objects of a job after it was deleted.
        for job_id in self.housekeeping.purgeable(2 * self.lease_s):
            self.objects.delete_prefix(job_prefix(job_id))
            self.housekeeping.mark_purged(job_id)
        for upload in self.uploads.delete_expired():
            delete_objects(self.objects, upload)
        for upload in self.uploads.purgeable():
            delete_objects(self.objects, upload)
            self.uploads.mark_purged(upload.id)
        self.housekeeping.store_missing_facts()

    def _delete_audio(self, job: Job) -> None:
        # Objects first: if the sweep is interrupted in between, the next one deletes them again.
        self.objects.delete_prefix(audio_prefix(job.id))
        self.jobs.replace(job, job.without_audio())

    def _delete_job(self, job_id: str) -> None:
        with suppress(JobDeleted):
            self.jobs.delete(job_id)
            self.objects.delete_prefix(job_prefix(job_id))
