"""Lists of jobs by the emotions of their segments."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.domain.failure import FailureCode
from shared.domain.job import Job, JobState
from shared.domain.segment import SegmentOutcome
from shared.ports import JobFilter, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import MODEL, claimed, prepared

SECOND = 16_000


def outcome(emotion: str) -> SegmentOutcome:
    return SegmentOutcome.scored({emotion: 0.9, "other": 0.1})


def finish_job(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock, outcomes: Sequence[SegmentOutcome], dominant: str | None
) -> Job:
    job = prepared(jobs, queue, clock, len(outcomes), tenant="acme")
    claims = queue.claim_segments(10**9)
    queue.record(list(zip(claims, outcomes, strict=True)), MODEL)
    claim = claimed(queue.claim_finish())
    queue.save(claim, claim.job.evolve(dominant=dominant).to(JobState.SUCCEEDED, clock.now()))
    return job


@pytest.fixture
def ids(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> list[str]:
    """The ids of a skipped job, a happy one, and a sad one with a happy segment: the newest first."""
    jobs_in_order = [
        finish_job(jobs, queue, clock, [outcome("sad"), outcome("happy"), outcome("sad")], "sad"),
        finish_job(jobs, queue, clock, [outcome("happy")], "happy"),
        finish_job(jobs, queue, clock, [SegmentOutcome.skipped(FailureCode.TIMEOUT)], None),
    ]
    return [job.id for job in reversed(jobs_in_order)]


def listed(jobs: JobRepository, job_filter: JobFilter, tenant: str = "acme") -> list[str]:
    return [job.id for job in jobs.for_tenant(tenant).page(limit=10, after=None, job_filter=job_filter).jobs]


def test_jobs_are_found_by_an_emotion_of_any_segment(jobs: JobRepository, ids: list[str]) -> None:
    assert listed(jobs, JobFilter(label="happy")) == ids[1:]
    assert listed(jobs, JobFilter(label="sad")) == ids[2:]
    assert listed(jobs, JobFilter(label="unknown")) == []  # the emotion of a skipped segment, which does not count
    assert listed(jobs, JobFilter(label="nonsense")) == []
    assert listed(jobs, JobFilter(label="happy"), "other") == []


def test_jobs_are_found_by_the_emotion_of_most_segments(jobs: JobRepository, ids: list[str]) -> None:
    assert listed(jobs, JobFilter(dominant="sad")) == ids[2:]
    assert listed(jobs, JobFilter(dominant="happy")) == ids[1:2]
    assert listed(jobs, JobFilter(dominant="happy", label="sad")) == []
    assert listed(jobs, JobFilter(dominant="nonsense")) == []
    assert listed(jobs, JobFilter(dominant="sad"), "other") == []


def test_a_job_that_is_tried_again_has_no_dominant_emotion_until_it_has_ended(
    jobs: JobRepository, ids: list[str], clock: ManualClock
) -> None:
    job = jobs.get(ids[1])
    assert job.dominant == "happy"
    assert jobs.retry(job, job.retried(clock.now()), forget_all=True)
    assert listed(jobs, JobFilter(dominant="happy")) == []
    assert listed(jobs, JobFilter(label="happy")) == ids[2:]
