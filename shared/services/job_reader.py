"""Queries of jobs, results and segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import AudioDeleted, BatchNotFound, NoResult, ResultNotReady
from shared.domain.job import Job, JobState, JobStatus, SegmentCounts
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result, aggregate
from shared.ports import JobFilter, JobRepository, ObjectStore


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with the number of its segments by status."""

    job: Job
    counts: SegmentCounts


@dataclass(frozen=True, slots=True)
class JobViewPage:
    """A page of jobs, newest first. `next_cursor` is the id after which the next page starts, None on the last."""

    views: Sequence[JobView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """A page of segments. `next_index` is the index after which the next page starts, None on the last."""

    job: Job
    segments: Sequence[SegmentResult]
    next_index: int | None


@dataclass(frozen=True, slots=True)
class JobReader:
    """Reads jobs. Each method with a `job_id` raises JobNotFound or JobDeleted."""

    jobs: JobRepository
    objects: ObjectStore

    def job(self, job_id: str) -> JobView:
        """Return a job."""
        view = self.jobs_by_id([job_id]).get(job_id)
        # A job that was added since the first query has no segments yet.
        return view or JobView(self.jobs.get(job_id), SegmentCounts())

    def jobs_by_id(self, job_ids: Collection[str]) -> dict[str, JobView]:
        """Return the jobs with these ids; unknown ids are left out."""
        return {job.id: JobView(job, counts) for job, counts in self.jobs.get_with_counts(job_ids)}

    def page(self, *, limit: int, after: str | None, job_filter: JobFilter) -> JobViewPage:
        """Return a page of at most `limit` jobs after the id `after`, newest first."""
        page = self.jobs.page(limit=limit, after=after, job_filter=job_filter)
        counts = self.jobs.counts([job.id for job in page.jobs])
        return JobViewPage([JobView(job, counts[job.id]) for job in page.jobs], page.next_cursor)

    def batch(self, batch_id: str) -> Mapping[JobStatus, int]:
        """Count the jobs of a batch by status. Raises BatchNotFound where the batch has no jobs."""
        by_state = self.jobs.batch(batch_id)
        if not by_state:
            raise BatchNotFound
        by_status = Counter(dict.fromkeys(JobStatus, 0))
        for state, number in by_state.items():
            by_status[state.status] += number
        return by_status

    def result(
        self, job_id: str, *, gap_ms: int | None = None, min_confidence: float | None = None
    ) -> tuple[Job, Result]:
        """Return the result of a job, aggregated by its options unless `gap_ms` or `min_confidence` replaces them.

        Raises:
            ResultNotReady: the job is still running.
            NoResult: the job failed or was canceled.
        """
        job = succeeded(self.jobs, job_id)
        options = job.options.aggregation
        if gap_ms is not None:
            options = replace(options, gap_ms=gap_ms)
        if min_confidence is not None:
            options = replace(options, min_confidence=min_confidence)
        return job, aggregate(
            self.jobs.results(job_id),
            duration=job.prepared,
            speech=job.speech,
            options=options,
            model=job.model,
            not_speech=job.recording.not_speech,
        )

    def segments(self, job_id: str, *, after: int, limit: int) -> SegmentPage:
        """Return at most `limit` segments after the index `after`; a running job has those found so far."""
        job = self.jobs.get(job_id)
        segments = self.jobs.results(job_id, after=after, limit=limit + 1)
        next_index = segments[limit - 1].segment.index if len(segments) > limit else None
        return SegmentPage(job, segments[:limit], next_index)

    def segment_audio(self, job_id: str, index: int) -> bytes:
        """Read the FLAC of a segment, a megabyte at most. Raises SegmentNotFound, AudioDeleted or ObjectNotFound."""
        if self.jobs.get(job_id).audio_deleted:
            raise AudioDeleted
        stored = self.jobs.segment(job_id, index)
        return self.objects.read(stored.audio_key, stored.audio_span)


def succeeded(jobs: JobRepository, job_id: str) -> Job:
    """Return a job that has a result.

    Raises:
        JobNotFound, JobDeleted.
        ResultNotReady: the job is still running.
        NoResult: the job failed or was canceled.
    """
    job = jobs.get(job_id)
    if not job.state.terminal:
        raise ResultNotReady
    if job.state is not JobState.SUCCEEDED:
        raise NoResult
    return job
