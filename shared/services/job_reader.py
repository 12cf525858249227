"""Queries of jobs, results and segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.errors import AudioDeleted, BatchNotFound, NoResult, ObjectDamaged, ResultNotReady
from shared.domain.facts import ChannelFacts
from shared.domain.job import Job, JobState, JobStatus, SegmentCounts
from shared.domain.lanes import HeardSegment, coarse_lanes
from shared.domain.recording import from_ms
from shared.domain.segment import SegmentResult, apply_corrections
from shared.domain.speaker_channels import segments_by_speaker
from shared.domain.timeline import Result, TimelineEntry, aggregate, confident, merge
from shared.ports import GroupBy, InsightGroup, JobCursor, JobFilter, JobOrder, JobRepository, ObjectStore, Queue
from shared.ports.job_query import NEWEST_FIRST

_PAGE_JOBS = 200
_FLAC = b"fLaC"
"""The first bytes of every FLAC."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with the number of its segments by status, and in a list the facts of one of its channels.

    `waits_for` is the kind of worker that the job needs next, where none answers.
    """

    job: Job
    counts: SegmentCounts
    facts: ChannelFacts | None = None
    waits_for: Queue | None = None

    def where_missing(self, workers: Collection[Queue]) -> JobView:
        """Return the view, with `waits_for` where the kind of worker that the job needs next is among the missing."""
        if not workers or self.job.state.terminal:
            return self
        if self.job.state in (JobState.QUEUED, JobState.PREPARING):
            needed = Queue.PREPARE
        else:
            infers = self.job.state is JobState.INFERRING and self.counts.processed < self.counts.total
            needed = Queue.INFER if infers else Queue.FINISH
        return replace(self, waits_for=needed) if needed in workers else self


@dataclass(frozen=True, slots=True)
class JobViewPage:
    """A page of jobs. `next_cursor` is the place after which the next page starts, None on the last."""

    views: Sequence[JobView]
    next_cursor: JobCursor | None


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

    def page(
        self, *, limit: int, after: JobCursor | None, job_filter: JobFilter, order: JobOrder = NEWEST_FIRST
    ) -> JobViewPage:
        """Return a page of at most `limit` jobs after the place `after`."""
        page = self.jobs.page(limit=limit, after=after, job_filter=job_filter, order=order)
        counts = self.jobs.counts([job.id for job in page.jobs])
        return JobViewPage(
            [JobView(job, counts[job.id], page.facts.get(job.id)) for job in page.jobs], page.next_cursor
        )

    def insights(self, job_filter: JobFilter, group_by: GroupBy) -> Sequence[InsightGroup]:
        """Return the figures of the succeeded jobs that match the filter, by group."""
        return self.jobs.insights(job_filter, group_by)

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
        self,
        job_id: str,
        *,
        gap_ms: int | None = None,
        min_confidence: float | None = None,
        set_probability: float | None = None,
        corrected: bool = True,
    ) -> tuple[Job, Result]:
        """Return the result of a job, aggregated by its options unless a parameter replaces them.

        All outputs are made of it, so that each follows the corrections; unless `corrected`, it is the model's own.
        Where speakers were told apart, they are the channels of job and result.

        Raises:
            ResultNotReady: the job is still running.
            NoResult: the job failed or was canceled.
        """
        job = succeeded(self.jobs, job_id)
        chosen = {"gap_ms": gap_ms, "min_confidence": min_confidence, "set_probability": set_probability}
        given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
        return job.by_speaker(), aggregate(
            self._segments(job, corrected),
            duration=job.prepared,
            speech=job.speech,
            options=replace(job.options.aggregation, **given),
            model=job.model,
            not_speech=job.recording.not_speech,
        )

    def timeline(
        self, job_id: str, *, gap_ms: int | None, min_confidence: float | None, corrected: bool
    ) -> tuple[Job, Sequence[TimelineEntry]]:
        """Return the timeline of `result` alone, in a fraction of the time. Raises as `result`."""
        job = succeeded(self.jobs, job_id)
        options = job.options.aggregation
        least = options.min_confidence if min_confidence is None else min_confidence
        gap = options.gap_ms if gap_ms is None else gap_ms
        return job.by_speaker(), merge(confident(self._segments(job, corrected), least), from_ms(gap))

    def lanes(self, job_id: str, columns: int) -> tuple[Job, Sequence[HeardSegment]]:
        """Return the lanes of a recording in at most `columns` stretches for each channel. Raises as `result`."""
        job = succeeded(self.jobs, job_id)
        heard = self.jobs.heard(job)
        length = max([job.prepared, *(segment.end for segment in heard)])
        return job.by_speaker(), coarse_lanes(heard, max(-(-length // columns), 1))

    def _segments(self, job: Job, corrected: bool) -> Sequence[SegmentResult]:
        segments = segments_by_speaker(job.recording, self.jobs.results(job.id))
        return apply_corrections(segments) if corrected else segments

    def segments(self, job_id: str, *, after: int, limit: int) -> SegmentPage:
        """Return at most `limit` segments after the index `after`, as people corrected them.

        A running job has those found so far.
        """
        job = self.jobs.get(job_id)
        segments = apply_corrections(self.jobs.results(job_id, after=after, limit=limit + 1))
        next_index = segments[limit - 1].segment.index if len(segments) > limit else None
        return SegmentPage(job.by_speaker(), segments_by_speaker(job.recording, segments[:limit]), next_index)

    def segment_audio(self, job_id: str, index: int) -> tuple[Job, bytes]:
        """Return a job and the FLAC of one of its segments, a megabyte at most.

        Raises SegmentNotFound, AudioDeleted, ObjectNotFound or ObjectDamaged.
        """
        job = self.jobs.get(job_id)
        if job.audio_deleted:
            raise AudioDeleted
        stored = self.jobs.segment(job_id, index)
        sound = self.objects.read(stored.audio_key, stored.audio_span)
        if not sound.startswith(_FLAC) or (stored.audio_span is not None and len(sound) < len(stored.audio_span)):
            raise ObjectDamaged.from_key(stored.audio_key)
        return job, sound


def each_job(jobs: JobRepository, job_filter: JobFilter) -> Iterator[Job]:
    """Yield the jobs that match a filter, newest first; they are read a page at a time."""
    after: JobCursor | None = None
    while True:
        page = jobs.page(limit=_PAGE_JOBS, after=after, job_filter=job_filter)
        yield from page.jobs
        after = page.next_cursor
        if after is None:
            return


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
