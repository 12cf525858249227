"""Storage of jobs and their results, as the use cases of users need it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.job import Deletion, Job, JobState, SegmentCounts
from shared.domain.lanes import HeardSegment
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.segment import Correction, Segment, SegmentResult
from shared.ports.job_query import NEWEST_FIRST, GroupBy, InsightGroup, JobCursor, JobFilter, JobOrder, JobPage


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment with the place of its audio: an object, or a span of the bytes of one."""

    segment: Segment
    audio_key: str
    audio_span: range | None = None


class JobRepository(Protocol):
    """The truth about jobs and segments. Every method is one transaction."""

    def for_tenant(self, tenant: str) -> JobRepository:
        """Return a repository in which only the jobs of one tenant are found."""
        ...

    def add(self, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        """Add a job, or return the tenant's job with the same idempotency key where there is one.

        Concurrent calls for one tenant cannot exceed its limits together.

        Raises TooManyOpenJobs, QuotaExceeded or QueueFull.
        """
        ...

    def admit(self, tenant: str, size: int, idempotency_key: str | None, limits: Limits) -> None:
        """Raise the errors that `add` would raise for a job of `size` bytes."""
        ...

    def get(self, job_id: str) -> Job:
        """Return a job. Raises JobNotFound or JobDeleted."""
        ...

    def deletion(self, job_id: str) -> Deletion:
        """Return the deletion of a job. Raises JobNotFound, or JobNotDeleted where the job exists."""
        ...

    def get_with_counts(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        """Return the existing jobs among `job_ids`, in any order, with the counts of their segments."""
        ...

    def page(
        self, *, limit: int, after: JobCursor | None, job_filter: JobFilter, order: JobOrder = NEWEST_FIRST
    ) -> JobPage:
        """Return up to `limit` jobs that match `job_filter` in this order, from the one after `after`."""
        ...

    def insights(self, job_filter: JobFilter, group_by: GroupBy) -> Sequence[InsightGroup]:
        """Return the figures of the succeeded jobs that match `job_filter`, by group."""
        ...

    def roles(self) -> Sequence[str]:
        """Return the roles of the channels of succeeded jobs."""
        ...

    def metadata_keys(self) -> Sequence[str]:
        """Return the keys of the metadata of all jobs."""
        ...

    def get_all(self, job_ids: Collection[str]) -> dict[str, Job]:
        """Return the existing jobs among `job_ids`, by id."""
        ...

    def counts(self, job_ids: Sequence[str]) -> dict[str, SegmentCounts]:
        """Return the counts of segments by job id; zero for a job without segments."""
        ...

    def batch(self, batch_id: str) -> Mapping[JobState, int]:
        """Return the number of a batch's jobs by state; empty where there is no such batch."""
        ...

    def results(self, job_id: str, *, after: int = -1, limit: int | None = None) -> Sequence[SegmentResult]:
        """Return up to `limit` segments in order, from the one after index `after`."""
        ...

    def heard(self, job: Job) -> Sequence[HeardSegment]:
        """Return the analysed segments of a job as the timeline has them, without their scores."""
        ...

    def segment(self, job_id: str, index: int) -> StoredSegment:
        """Return a segment. Raises SegmentNotFound."""
        ...

    def logits_keys(self, job_id: str, indexes: range) -> Mapping[int, str]:
        """Return the object with the logits, for each segment among `indexes` that has none of its own."""
        ...

    def correct(self, job_id: str, index: int, correction: Correction) -> SegmentResult:
        """Store a person's correction of a segment in place of an earlier one. It is deleted with the segment.

        Raises JobNotFound, JobDeleted or SegmentNotFound.
        """
        ...

    def withdraw_correction(self, job_id: str, index: int) -> None:
        """Delete the correction of a segment, if there is one. Raises as `correct`."""
        ...

    def revise(self, job_id: str, revise: Callable[[Job], Job]) -> Job:
        """Store recording, options and end of the audio of a job as `revise` returns them, and return the job.

        No worker may hold the job: `revise` raises where it has not ended. Raises JobNotFound or JobDeleted.
        """
        ...

    def replace(self, old: Job, new: Job) -> bool:
        """Store `new` if the job is still in the state of `old`, and end any lease on it. Returns whether it was."""
        ...

    def retry(self, old: Job, new: Job, *, forget_all: bool) -> bool:
        """Replace a job as `replace` does, and reset its skipped segments, or all of them, to be analysed again."""
        ...

    def delete(self, job_id: str) -> None:
        """Delete a job except for its id, so that its objects can be purged. Raises JobNotFound or JobDeleted."""
        ...
