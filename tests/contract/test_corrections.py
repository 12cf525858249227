"""The contract of corrections in `shared.ports.JobRepository`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Engine, text

from shared.domain.errors import JobDeleted, JobNotFound, SegmentNotFound
from shared.domain.failure import FailureCode
from shared.domain.job import JobState
from shared.domain.segment import Correction, SegmentOutcome
from shared.ports import JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, claimed, prepared, stored
from tests.support.threads import run_together


def correction(
    clock: ManualClock, emotion: str = "angry", comment: str | None = "Hört sich «böse» an 😡"
) -> Correction:
    return Correction(emotion, comment, clock.now(), "key_1")


def corrections(jobs: JobRepository, job_id: str) -> list[Correction | None]:
    return [result.correction for result in jobs.results(job_id)]


def test_a_correction_comes_back_with_its_segment_only(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job, other_job = prepared(jobs, queue, clock), prepared(jobs, queue, clock)
    clock.advance(0.123457)
    corrected = jobs.correct(job.id, 1, correction(clock))
    assert (corrected.segment, corrected.correction) == (stored(1, 20).segment, correction(clock))
    assert corrections(jobs, job.id) == [None, correction(clock), None]
    assert jobs.results(job.id, after=0, limit=1) == [corrected]
    assert corrections(jobs, other_job.id) == [None] * 3


def test_the_last_correction_counts_and_can_be_withdrawn(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock)
    jobs.correct(job.id, 0, correction(clock))
    clock.advance(1)
    later = Correction("sad", None, clock.now())
    jobs.correct(job.id, 0, later)
    assert corrections(jobs, job.id) == [later, None, None]
    for _ in range(2):
        jobs.withdraw_correction(job.id, 0)
        assert corrections(jobs, job.id) == [None] * 3


def test_only_existing_segments_can_be_corrected(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job, deleted = prepared(jobs, queue, clock), prepared(jobs, queue, clock)
    jobs.delete(deleted.id)
    wrong = [(job.id, 3, SegmentNotFound), ("job_0", 0, JobNotFound), (deleted.id, 0, JobDeleted)]
    for job_id, index, error in wrong:
        with pytest.raises(error):
            jobs.correct(job_id, index, correction(clock))
        with pytest.raises(error):
            jobs.withdraw_correction(job_id, index)


def test_another_tenant_corrects_nothing(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, tenant="acme")
    jobs.for_tenant("acme").correct(job.id, 0, correction(clock))
    with pytest.raises(JobNotFound):
        jobs.for_tenant("other").correct(job.id, 0, correction(clock, "sad"))
    with pytest.raises(JobNotFound):
        jobs.for_tenant("other").withdraw_correction(job.id, 0)
    assert corrections(jobs, job.id) == [correction(clock), None, None]


def test_outcomes_and_corrections_do_not_change_each_other(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock, 2)
    first, second = queue.claim_segments(10**9)
    jobs.correct(job.id, 0, correction(clock))
    queue.record([(first, HAPPY), (second, SegmentOutcome.skipped(FailureCode.TIMEOUT))], MODEL)
    jobs.correct(job.id, 1, correction(clock, "sad"))
    assert [result.outcome.emotion for result in jobs.results(job.id)] == ["happy", "unknown"]
    assert corrections(jobs, job.id) == [correction(clock), correction(clock, "sad")]


def test_a_retry_keeps_the_corrections_of_unchanged_segments_only(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    prepared(jobs, queue, clock, 4)
    queue.record([(claim, HAPPY) for claim in queue.claim_segments(10**9)], MODEL)
    finish = claimed(queue.claim_finish())
    ended = finish.job.to(JobState.SUCCEEDED, clock.now())
    queue.save(finish, ended)
    for index in range(4):
        jobs.correct(ended.id, index, correction(clock))
    assert jobs.retry(ended, ended.retried(clock.now()), forget_all=True)
    assert corrections(jobs, ended.id) == [correction(clock)] * 4
    second_claim = claimed(queue.claim_preparation())
    other_channel = replace(stored(2, 40), segment=replace(stored(2, 40).segment, channel=1))
    queue.save(second_claim, second_claim.job, add=[stored(0, 0), stored(1, 21), other_channel])
    queue.forget_segments_from(second_claim, 3)
    assert corrections(jobs, ended.id) == [correction(clock), None, None]


def test_a_deleted_job_leaves_no_correction(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock, engine: Engine
) -> None:
    job = prepared(jobs, queue, clock)
    jobs.correct(job.id, 0, correction(clock))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM segment_corrections")) == 1
    jobs.delete(job.id)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM segment_corrections")) == 0


def test_concurrent_corrections_succeed_and_the_last_one_counts(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock)
    all_corrections = [correction(clock, comment=str(number)) for number in range(8)]
    results = run_together(*[partial(jobs.correct, job.id, 0, text) for text in all_corrections])
    assert [result.correction for result in results] == all_corrections
    assert corrections(jobs, job.id)[0] in all_corrections
