"""Comparison of database and object store: jobs whose objects are gone, and objects whose jobs are gone.

After a restore from a backup both exist: the one was deleted, the other made after the backup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uuid_utils

from shared.domain.ids import is_id
from shared.domain.job import Job
from shared.ports import Clock, Housekeeping, JobCursor, JobFilter, JobRepository, ObjectStore
from shared.services.object_keys import JOBS_PREFIX, audio_prefix, job_prefix

_PAGE = 200
_AT_ONCE = 8
"""Listings at the same time: a store takes a tenth of a second for one."""
_YOUNG = timedelta(days=1)
"""The age under which objects without a job may belong to an upload that has not ended."""


@dataclass(frozen=True, slots=True)
class CheckedJob:
    """A job with the keys of the objects that it lacks; none if it is whole."""

    job: Job
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """Compares the rows of all tenants with the objects in the store, and mends what differs."""

    jobs: JobRepository
    housekeeping: Housekeeping
    objects: ObjectStore
    clock: Clock

    def check_jobs(self) -> Iterator[CheckedJob]:
        """Yield every job, newest first."""
        after: JobCursor | None = None
        with ThreadPoolExecutor(_AT_ONCE, "check") as threads:
            while True:
                page = self.jobs.page(limit=_PAGE, after=after, job_filter=JobFilter())
                referenced = self.housekeeping.referenced_keys([job.id for job in page.jobs])
                stored = threads.map(lambda job: self.objects.sizes(job_prefix(job.id)), page.jobs)
                for job, sizes in zip(page.jobs, stored, strict=True):
                    yield CheckedJob(job, sorted(referenced[job.id] - sizes.keys()))
                after = page.next_cursor
                if after is None:
                    return

    def find_orphans(self) -> Iterator[str]:
        """Yield the ids of jobs that have objects and no row, and are older than a day."""
        ids = [
            job_id for job_id in self.objects.folders(JOBS_PREFIX) if is_id("job", job_id) and not self._young(job_id)
        ]
        for start in range(0, len(ids), _PAGE):
            batch = ids[start : start + _PAGE]
            existing = self.jobs.get_all(batch)
            yield from (job_id for job_id in batch if job_id not in existing)

    def delete_orphan(self, job_id: str) -> None:
        """Delete the objects of a job without a row."""
        self.objects.delete_prefix(job_prefix(job_id))

    def mend(self, checked: CheckedJob) -> bool:
        """Mark the audio of a job that has ended as deleted, if some of it is missing, so that requests are told so.

        Return whether that was done: other objects cannot be restored, and a job that runs ends by itself.
        """
        lacks_audio = any(key.startswith(audio_prefix(checked.job.id)) for key in checked.missing)
        if not lacks_audio or not checked.job.state.terminal:
            return False
        self.objects.delete_prefix(audio_prefix(checked.job.id))
        return self.jobs.replace(checked.job, checked.job.without_audio())

    def _young(self, job_id: str) -> bool:
        made_ms = uuid_utils.UUID(job_id.removeprefix("job_")).timestamp
        return datetime.fromtimestamp(made_ms / 1000, UTC) > self.clock.now() - _YOUNG
