"""Jobs, claims, leases and fencing, as every adapter of the job ports keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import JobDeleted, JobNotFound, LeaseLost, SegmentNotFound
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import JobState, JobStatus, SegmentCounts
from shared.domain.recording import Origin
from shared.domain.segment import SegmentOutcome
from shared.ports import Housekeeping, JobFilter, JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import FLAGS, HAPPY, LEASE_S, MODEL, SECOND, claimed, new_job, prepared, stored


def test_a_job_comes_back_as_it_went_in(jobs: JobRepository, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    assert jobs.get(job.id) == job


def test_what_users_say_comes_back_to_the_letter(jobs: JobRepository, clock: ManualClock) -> None:
    said = {"z": "first", "a": "null \0, quote ', a letter \N{HIRAGANA LETTER A}", "half of a pair": "\ud83d", "": ""}
    job = new_job(jobs, clock, metadata=said)
    metadata = jobs.get(job.id).options.metadata
    assert list(metadata.items()) == list(said.items())


def test_times_come_back_in_utc_to_the_microsecond(jobs: JobRepository, clock: ManualClock) -> None:
    clock.advance(0.123457)
    job = new_job(jobs, clock)
    assert jobs.get(job.id).created_at.isoformat() == "2026-01-01T00:00:00.123457+00:00"


def test_an_unknown_job_is_not_found(jobs: JobRepository) -> None:
    with pytest.raises(JobNotFound):
        jobs.get("job_0")


def test_pages_are_newest_first_and_meet_without_overlap(jobs: JobRepository, clock: ManualClock) -> None:
    ids = [new_job(jobs, clock).id for _ in range(5)]
    first = jobs.page(limit=2, after=None, wanted=JobFilter())
    second = jobs.page(limit=3, after=first.next_cursor, wanted=JobFilter())
    assert [job.id for job in [*first.jobs, *second.jobs]] == ids[::-1]
    assert second.next_cursor is None


def test_a_page_can_be_of_one_status(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    first, second = new_job(jobs, clock), new_job(jobs, clock)
    queue.claim_preparation()
    assert [job.id for job in jobs.page(limit=9, after=None, wanted=JobFilter(JobStatus.PROCESSING)).jobs] == [first.id]
    assert [job.id for job in jobs.page(limit=9, after=None, wanted=JobFilter(JobStatus.QUEUED)).jobs] == [second.id]


def test_the_jobs_of_a_batch_are_counted_and_listed_within_their_tenant(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock).id for _ in range(3)]
    for job_id in ids[:2]:
        assert jobs.replace(jobs.get(job_id), replace(jobs.get(job_id), batch_id="batch_1"))
    claimed(queue.claim_preparation())
    assert jobs.batch("batch_1") == {JobState.PREPARING: 1, JobState.QUEUED: 1}
    assert jobs.batch("batch_2") == jobs.for_tenant("other").batch("batch_1") == {}
    page = jobs.page(limit=9, after=None, wanted=JobFilter(batch_id="batch_1"))
    assert [job.id for job in page.jobs] == ids[1::-1]
    assert jobs.for_tenant("other").page(limit=9, after=None, wanted=JobFilter(batch_id="batch_1")).jobs == []


def test_a_job_is_overdue_from_its_deadline_until_it_has_ended(
    jobs: JobRepository, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    late = new_job(jobs, clock)
    assert jobs.replace(late, replace(late, deadline_at=clock.now() + timedelta(seconds=60)))
    clock.advance(58)
    assert housekeeping.overdue() == []
    clock.advance(4)
    assert [job.id for job in housekeeping.overdue()] == [late.id]
    assert jobs.replace(late, jobs.get(late.id).to(JobState.CANCELED, clock.now()))
    assert housekeeping.overdue() == []


def test_where_a_recording_is_to_be_fetched_comes_back_and_goes(jobs: JobRepository, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    origin = Origin("https://a.example/x", "ab", named=True, url="https://a.example/x?token=1")
    elsewhere = job.evolve(recording=replace(job.recording, size_bytes=None, sha256=None, origin=origin))
    assert jobs.replace(job, elsewhere)
    assert jobs.get(job.id) == elsewhere
    assert jobs.replace(elsewhere, elsewhere.without_audio())
    assert jobs.get(job.id).recording.missing_from is None
    assert "token" not in repr(elsewhere)


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
    again = claimed(queue.claim_preparation())
    assert (again.job.attempts, again.fence) == (2, claim.fence + 1)


def test_an_abandoned_job_comes_before_those_that_wait(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock).id for _ in range(3)]
    claimed(queue.claim_preparation())
    claimed(queue.claim_preparation())
    clock.advance(LEASE_S + 1)
    assert [claimed(queue.claim_preparation()).job.id for _ in range(3)] == ids


def test_whoever_lost_the_lease_can_write_nothing(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    new_job(jobs, clock)
    zombie = claimed(queue.claim_preparation())
    clock.advance(LEASE_S + 1)
    claimed(queue.claim_preparation())
    done = zombie.job.to(JobState.INFERRING, clock.now())
    with pytest.raises(LeaseLost):
        queue.save(zombie, done, add=[stored(0)])
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
    assert [found.stored for found in queue.claim_segments(60 * SECOND)] == [stored(0)]


def test_segments_are_claimed_across_jobs_within_the_budget(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    first, second = prepared(jobs, queue, clock, 2), prepared(jobs, queue, clock, 2)
    found = queue.claim_segments(30 * SECOND)
    assert [(claim.job_id, claim.stored.segment.index) for claim in found] == [
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
    (again,) = queue.claim_segments(SECOND)
    assert again.attempts == 2
    assert queue.record([(again, HAPPY)], MODEL) == 1
    assert queue.record([(again, HAPPY)], MODEL) == 0
    assert queue.record([(late, SegmentOutcome.skipped(FailureCode.CRASH))], MODEL) == 0
    assert [found.outcome for found in jobs.results(job.id)] == [HAPPY]
    assert jobs.get(job.id).model == MODEL


def test_who_records_nothing_does_not_name_the_model(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, 1)
    late = queue.claim_segments(SECOND)
    clock.advance(LEASE_S + 1)
    queue.claim_segments(SECOND)
    assert queue.record([(claim, HAPPY) for claim in late], MODEL) == 0
    assert jobs.get(job.id).model is None


def test_released_segments_are_as_if_never_claimed(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    prepared(jobs, queue, clock, 1)
    claims = queue.claim_segments(SECOND)
    for _ in range(2):  # who does not know whether it was done the first time does it again
        queue.release_segments(claims)
    (again,) = queue.claim_segments(SECOND)
    assert again.attempts == 1


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


def test_a_job_without_segments_can_be_finished(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, 0)
    assert claimed(queue.claim_finish()).job.id == job.id


def test_a_second_preparation_keeps_what_was_found_for_the_same_segments(
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
    found = jobs.results(second.job.id)
    assert [result.outcome == HAPPY for result in found] == [True, False]
    assert [claim.stored for claim in queue.claim_segments(60 * SECOND)] == [moved]


def test_replacing_needs_the_state_to_be_as_it_was_and_ends_the_lease(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    assert not jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert jobs.replace(claim.job, claim.job.to(JobState.CANCELED, clock.now()))
    with pytest.raises(LeaseLost):
        queue.renew(claim)
    assert jobs.get(job.id).state is JobState.CANCELED


def test_segments_of_a_canceled_job_are_not_claimed(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert queue.claim_segments(60 * SECOND) == []
    assert queue.claim_finish() is None


def test_a_failure_is_kept(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.failed(FAILURES[FailureCode.NO_AUDIO_STREAM], clock.now()))
    assert jobs.get(claim.job.id).failure == FAILURES[FailureCode.NO_AUDIO_STREAM]


def test_deleting_forgets_all_but_the_id_and_workers_notice(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock)
    claims = queue.claim_segments(60 * SECOND)
    jobs.delete(job.id)
    with pytest.raises(JobDeleted):
        jobs.get(job.id)
    with pytest.raises(JobDeleted):
        jobs.delete(job.id)
    with pytest.raises(LeaseLost):
        queue.renew_segments(claims)
    assert queue.record([(claim, HAPPY) for claim in claims], MODEL) == 0
    with pytest.raises(SegmentNotFound):
        jobs.segment(job.id, 0)


def test_deleted_jobs_are_purgeable_until_they_are_purged(
    jobs: JobRepository, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)
    jobs.delete(job.id)
    clock.advance(60)
    assert housekeeping.purgeable(60) == []
    clock.advance(1)
    assert housekeeping.purgeable(60) == [job.id]
    housekeeping.purged(job.id)
    assert housekeeping.purgeable(60) == []


def test_segments_come_in_pages_by_index(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = prepared(jobs, queue, clock, 5)
    assert [found.segment.index for found in jobs.results(job.id, after=1, limit=2)] == [2, 3]
    assert jobs.segment(job.id, 4) == stored(4, 80)


def test_flags_come_back_as_they_went_in_also_none(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    flagged, plain = stored(0), stored(1, 20)
    plain = replace(plain, segment=replace(plain.segment, flags=()))
    queue.save(claim, claim.job, add=[flagged, plain])
    assert [result.segment.flags for result in jobs.results(job.id)] == [FLAGS, ()]
