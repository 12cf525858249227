"""Reading jobs and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shared.domain.errors import AudioDeleted, BatchNotFound, NoResult, ResultNotReady
from shared.domain.job import Job, JobState, JobStatus, SegmentCounts
from shared.domain.options import AggregationOptions
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result, aggregate
from shared.ports import JobFilter, JobRepository, ObjectStore


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with where its segments stand."""

    job: Job
    counts: SegmentCounts


@dataclass(frozen=True, slots=True)
class JobViewPage:
    views: Sequence[JobView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """`next_index` is the index after which the next page starts, None on the last."""

    job: Job
    segments: Sequence[SegmentResult]
    next_index: int | None


@dataclass(frozen=True, slots=True)
class JobReader:
    """The use case. Each method raises JobNotFound or JobDeleted where there is no such job."""

    jobs: JobRepository
    objects: ObjectStore

    def job(self, job_id: str) -> JobView:
        found = self.jobs_of([job_id]).get(job_id)
        # What was not there and is now has no segments yet.
        return found or JobView(self.jobs.get(job_id), SegmentCounts())

    def jobs_of(self, job_ids: Collection[str]) -> dict[str, JobView]:
        """Those of these jobs that are there."""
        return {job.id: JobView(job, counts) for job, counts in self.jobs.get_with_counts(job_ids)}

    def page(self, *, limit: int, after: str | None, wanted: JobFilter) -> JobViewPage:
        page = self.jobs.page(limit=limit, after=after, job_filter=wanted)
        counts = self.jobs.counts([job.id for job in page.jobs])
        return JobViewPage([JobView(job, counts[job.id]) for job in page.jobs], page.next_cursor)

    def batch(self, batch_id: str) -> Mapping[JobStatus, int]:
        """How many of a batch's jobs there are of each status. Raises BatchNotFound where none is there."""
        found = self.jobs.batch(batch_id)
        if not found:
            raise BatchNotFound
        by_status = Counter(dict.fromkeys(JobStatus, 0))
        for state, number in found.items():
            by_status[state.status] += number
        return by_status

    def result(
        self, job_id: str, *, gap_ms: int | None = None, min_confidence: float | None = None
    ) -> tuple[Job, Result]:
        """The result of a job that succeeded, aggregated as its options say or as said here.

        Raises:
            ResultNotReady: it is still running.
            NoResult: it failed or was canceled.
        """
        job = succeeded(self.jobs, job_id)
        return job, aggregate(
            self.jobs.results(job_id),
            duration=job.prepared,
            speech=job.speech,
            options=_aggregation(job.options.aggregation, gap_ms, min_confidence),
            model=job.model,
        )

    def segments(self, job_id: str, *, after: int, limit: int) -> SegmentPage:
        """Segments known so far, also while the job runs."""
        job = self.jobs.get(job_id)
        found = self.jobs.results(job_id, after=after, limit=limit + 1)
        more = len(found) > limit
        return SegmentPage(job, found[:limit], found[limit - 1].segment.index if more else None)

    def segment_audio(self, job_id: str, index: int) -> Path | str:
        """Where the FLAC of a segment is served from: a file, or a URL. Raises SegmentNotFound or AudioDeleted."""
        return self.objects.locate(self._audio_key(job_id, index))

    def segment_sound(self, job_id: str, index: int) -> bytes:
        """The FLAC of a segment itself, a megabyte at most. Raises SegmentNotFound or AudioDeleted."""
        with self.objects.open(self._audio_key(job_id, index)) as file:
            return file.read()

    def _audio_key(self, job_id: str, index: int) -> str:
        if self.jobs.get(job_id).audio_deleted:
            raise AudioDeleted
        return self.jobs.segment(job_id, index).audio_key


def succeeded(jobs: JobRepository, job_id: str) -> Job:
    """A job that has a result.

    Raises:
        JobNotFound, JobDeleted.
        ResultNotReady: it is still running.
        NoResult: it failed or was canceled.
    """
    job = jobs.get(job_id)
    if not job.state.terminal:
        raise ResultNotReady
    if job.state is not JobState.SUCCEEDED:
        raise NoResult
    return job


def _aggregation(own: AggregationOptions, gap_ms: int | None, min_confidence: float | None) -> AggregationOptions:
    return replace(
        own,
        gap_ms=own.gap_ms if gap_ms is None else gap_ms,
        min_confidence=own.min_confidence if min_confidence is None else min_confidence,
    )
