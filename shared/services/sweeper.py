"""Periodic housekeeping: fails overdue jobs, wakes workers again, deletes expired audio, jobs and uploads, and
renews the facts of jobs that older versions ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from shared.domain.errors import JobDeleted, StorageFull, StoreUnavailable
from shared.domain.job import Job
from shared.domain.upload import PartedUpload
from shared.ports import Clock, Housekeeping, JobRepository, ObjectStore, UploadStore, WakeUps
from shared.services.object_keys import audio_prefix, job_prefix
from shared.services.uploads import delete_objects

T = TypeVar("T")

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
            self.delete_each(threads, self.delete_audio, self.housekeeping.audio_expired())
            self.delete_each(threads, self.delete_job, self.housekeeping.expired())
            # Workers may have written objects of a job after it was deleted, and a store may have refused to delete.
            self.delete_each(threads, self.purge_job, self.housekeeping.purgeable(2 * self.lease_s))
            self.delete_each(threads, partial(delete_objects, self.objects), self.uploads.delete_expired())
            self.delete_each(threads, self.purge_upload, self.uploads.purgeable())
        self.housekeeping.renew_facts()

    def delete_each(self, threads: Executor, delete: Callable[[T], None], items: Sequence[T]) -> None:
        """Delete each item. One whose objects the store keeps stays on its list, and in the metrics, until it does not.

        Raises DatabaseUnavailable.
        """

        def delete_or_keep(item: T) -> None:
            with suppress(StoreUnavailable, StorageFull):
                delete(item)

        list(threads.map(delete_or_keep, items))

    def delete_audio(self, job: Job) -> None:
        """Delete the audio of a job, then note it: if a sweep is interrupted in between, the next one does it again.

        The job is noted as it is by then: it may have another retention, or be retried, and then fail.
        """
        self.objects.delete_prefix(audio_prefix(job.id))
        with suppress(JobDeleted):
            self.jobs.revise(job.id, lambda now: now.without_audio() if now.state.terminal else now)

    def delete_job(self, job_id: str) -> None:
        """Delete a job, unless it was deleted meanwhile, and its objects."""
        with suppress(JobDeleted):
            self.jobs.delete(job_id)
            self.objects.delete_prefix(job_prefix(job_id))

    def purge_job(self, job_id: str) -> None:
        """Delete the objects of a deleted job, then note it."""
        self.objects.delete_prefix(job_prefix(job_id))
        self.housekeeping.mark_purged(job_id)

    def purge_upload(self, upload: PartedUpload) -> None:
        """Delete the objects of a deleted upload, then forget it."""
        delete_objects(self.objects, upload)
        self.uploads.mark_purged(upload.id)
