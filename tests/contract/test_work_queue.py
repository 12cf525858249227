"""The contract of `shared.ports.WorkQueue`: claims, leases, fencing."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, update

from shared.db.tables import JobRow
from shared.domain.errors import LeaseLost
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import JobState, SegmentCounts
from shared.domain.segment import SegmentOutcome
from shared.ports import Housekeeping, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, LEASE_S, MODEL, SECOND, claimed, new_job, prepared, stored


def test_a_job_is_claimed_once_oldest_first(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    first, second = new_job(jobs, clock), new_job(jobs, clock)
    assert [claimed(queue.claim_preparation()).job.id for _ in range(2)] == [first.id, second.id]
    assert queue.claim_preparation() is None


def test_a_renewed_lease_holds_and_an_abandoned_one_is_claimed_again(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    clock.advance(LEASE_S - 1)
    queue.renew(claim)
    clock.advance(LEASE_S - 1)
    assert queue.claim_preparation() is None
    clock.advance(2)
    second_claim = claimed(queue.claim_preparation())
    assert (second_claim.job.attempts, second_claim.fence) == (2, claim.fence + 1)


def test_an_abandoned_job_comes_before_waiting_jobs(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    ids = [new_job(jobs, clock).id for _ in range(3)]
    claimed(queue.claim_preparation())
    claimed(queue.claim_preparation())
    clock.advance(LEASE_S + 1)
    assert [claimed(queue.claim_preparation()).job.id for _ in range(3)] == ids


def test_a_worker_that_lost_its_lease_writes_nothing(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    new_job(jobs, clock)
    zombie = claimed(queue.claim_preparation())
    clock.advance(LEASE_S + 1)
    claimed(queue.claim_preparation())
    prepared_job = zombie.job.to(JobState.INFERRING, clock.now())
    with pytest.raises(LeaseLost):
        queue.save(zombie, prepared_job, add=[stored(0)])
    with pytest.raises(LeaseLost):
        queue.renew(zombie)
    with pytest.raises(LeaseLost):
        queue.forget_segments_from(zombie, 0)
    assert jobs.get(zombie.job.id).state is JobState.PREPARING
    assert jobs.results(zombie.job.id) == []


def test_a_postponed_stage_is_claimed_again_only_after_its_time(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.postpone(claim, claim.job, 5)
    clock.advance(4)
    assert queue.claim_preparation() is None
    clock.advance(2)
    assert claimed(queue.claim_preparation()).job.attempts == 2


def test_segments_can_be_claimed_while_the_job_is_still_prepared(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job, add=[stored(0)])
    assert [result.stored for result in queue.claim_segments(60 * SECOND)] == [stored(0)]


def test_segments_are_claimed_across_jobs_within_the_budget(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    first, second = prepared(jobs, queue, clock, 2), prepared(jobs, queue, clock, 2)
    claims = queue.claim_segments(30 * SECOND)
    assert [(claim.job_id, claim.stored.segment.index) for claim in claims] == [
        (first.id, 0),
        (second.id, 0),
        (second.id, 1),
    ]
    assert len(queue.claim_segments(1)) == 1  # one is always given, however small the budget
    assert queue.claim_segments(30 * SECOND) == []


def test_an_outcome_is_recorded_once_and_a_late_one_is_refused(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock, 1)
    (late,) = queue.claim_segments(SECOND)
    clock.advance(LEASE_S + 1)
    (second_claim,) = queue.claim_segments(SECOND)
    assert second_claim.attempts == 2
    assert queue.record([(second_claim, HAPPY)], MODEL) == 1
    assert queue.record([(second_claim, HAPPY)], MODEL) == 0
    assert queue.record([(late, SegmentOutcome.skipped(FailureCode.CRASH))], MODEL) == 0
    assert [result.outcome for result in jobs.results(job.id)] == [HAPPY]
    assert jobs.get(job.id).model == MODEL


def test_a_worker_that_records_nothing_does_not_set_the_model(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock, 1)
    late = queue.claim_segments(SECOND)
    clock.advance(LEASE_S + 1)
    queue.claim_segments(SECOND)
    assert queue.record([(claim, HAPPY) for claim in late], MODEL) == 0
    assert jobs.get(job.id).model is None


def test_released_segments_are_as_if_never_claimed(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    prepared(jobs, queue, clock, 1)
    claims = queue.claim_segments(SECOND)
    for _ in range(2):  # a worker that lost the first reply repeats the call
        queue.release_segments(claims)
    (second_claim,) = queue.claim_segments(SECOND)
    assert second_claim.attempts == 1


def test_renewed_segments_stay_claimed(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    prepared(jobs, queue, clock, 1)
    claims = queue.claim_segments(SECOND)
    clock.advance(LEASE_S - 1)
    queue.renew_segments(claims)
    clock.advance(LEASE_S - 1)
    assert queue.claim_segments(SECOND) == []
    queue.record([(claims[0], HAPPY)], MODEL)
    with pytest.raises(LeaseLost):
        queue.renew_segments(claims)


def test_a_job_is_finished_only_when_every_segment_is_done(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock, 2)
    first, second = queue.claim_segments(60 * SECOND)
    queue.record([(first, HAPPY)], MODEL)
    assert queue.claim_finish() is None
    queue.record([(second, SegmentOutcome.skipped(FailureCode.TIMEOUT))], MODEL)
    claim = claimed(queue.claim_finish())
    assert claim.job.state is JobState.FINISHING
    counts = jobs.counts([job.id])
    assert counts == {job.id: SegmentCounts(2, 1, 1, 10 * SECOND)}
    assert type(counts[job.id].analysed) is int


def test_a_job_being_prepared_is_not_finished_even_when_its_segments_so_far_are_done(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job, add=[stored(0)])
    queue.record([(queue.claim_segments(SECOND)[0], HAPPY)], MODEL)
    assert queue.claim_finish() is None


def test_a_job_whose_segments_are_done_before_its_preparation_ends_can_be_finished(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job, add=[stored(0)])
    queue.record([(queue.claim_segments(SECOND)[0], HAPPY)], MODEL)
    queue.save(claim, claim.job.to(JobState.INFERRING, clock.now()))
    assert claimed(queue.claim_finish()).job.id == claim.job.id


def test_a_job_that_is_tried_again_is_finished_only_when_every_segment_is_done_again(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    prepared(jobs, queue, clock, 1)
    queue.record([(queue.claim_segments(SECOND)[0], HAPPY)], MODEL)
    claim = claimed(queue.claim_finish())
    failed = claim.job.failed(FAILURES[FailureCode.NOTHING_ANALYSED], clock.now())
    queue.save(claim, failed)
    assert jobs.retry(failed, failed.retried(clock.now()), forget_all=True)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.to(JobState.INFERRING, clock.now()))
    assert queue.claim_finish() is None
    queue.record([(queue.claim_segments(SECOND)[0], HAPPY)], MODEL)
    assert claimed(queue.claim_finish()).job.id == failed.id


def test_the_sweep_marks_a_job_whose_last_outcome_an_older_version_has_recorded(
    jobs: JobRepository, queue: WorkQueue, housekeeping: Housekeeping, engine: Engine, clock: ManualClock
) -> None:
    finished_segments, unfinished = prepared(jobs, queue, clock, 1), prepared(jobs, queue, clock, 2)
    queue.record([(claim, HAPPY) for claim in queue.claim_segments(20 * SECOND)], MODEL)
    with engine.begin() as connection:
        connection.execute(update(JobRow).values(segments_done=False))
    assert queue.claim_finish() is None
    housekeeping.mark_segments_done()
    assert claimed(queue.claim_finish()).job.id == finished_segments.id
    assert queue.claim_finish() is None
    assert jobs.get(unfinished.id).state is JobState.INFERRING


def test_a_job_without_segments_can_be_finished(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, 0)
    assert claimed(queue.claim_finish()).job.id == job.id


def test_a_second_preparation_keeps_the_outcomes_of_unchanged_segments(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    first = claimed(queue.claim_preparation())
    queue.save(first, first.job, add=[stored(0), stored(1, 20), stored(2, 40)])
    queue.record([(claim, HAPPY) for claim in queue.claim_segments(60 * SECOND)], MODEL)
    clock.advance(LEASE_S + 1)
    second = claimed(queue.claim_preparation())
    moved = stored(1, 21)
    queue.save(second, second.job, add=[stored(0), moved])
    queue.forget_segments_from(second, 2)
    results = jobs.results(second.job.id)
    assert [result.outcome == HAPPY for result in results] == [True, False]
    assert [claim.stored for claim in queue.claim_segments(60 * SECOND)] == [moved]


def test_segments_of_a_canceled_job_are_not_claimed(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert queue.claim_segments(60 * SECOND) == []
    assert queue.claim_finish() is None


def test_the_speakers_of_segments_are_stored_and_outlive_the_same_segments(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    segments = [stored(index, 20 * index) for index in range(3)]
    queue.save(claim, claim.job, add=segments)
    assert [result.speaker for result in jobs.results(job.id)] == [None] * 3
    queue.save(claim, claim.job, speakers=(0, 1, 0))
    queue.save(claim, claim.job, add=segments)
    assert [result.speaker for result in jobs.results(job.id)] == [0, 1, 0]
