"""What every adapter of `shared.ports.JobStore` does: claims, leases, fencing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import uuid_utils

from shared.db.engine import migrate, open_engine
from shared.db.jobs import SqlJobStore
from shared.domain.emotion import ModelInfo
from shared.domain.errors import JobDeleted, JobNotFound, LeaseLost, SegmentNotFound
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import Job, JobState, JobStatus, SegmentCounts
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import Recording, RecordingWarning
from shared.domain.segment import Segment, SegmentFlag, SegmentOutcome
from shared.ports import Claim, JobStore, StoredSegment
from tests.conftest import ManualClock

LEASE_S = 30.0
SECOND = 16_000
MODEL = ModelInfo("test", "1", "00", ("happy",), notice="for tests")
HAPPY = SegmentOutcome.scored({"happy": 0.9, "sad": 0.1})
FLAGS = (SegmentFlag.NARROWBAND, SegmentFlag.QUIET)


@pytest.fixture(params=["sqlite"])
def jobs(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[JobStore]:
    engine = open_engine(f"sqlite:///{tmp_path / 'test.db'}")
    migrate(engine)
    yield SqlJobStore(engine, clock, LEASE_S)
    engine.dispose()


def new_job(jobs: JobStore, clock: ManualClock) -> Job:
    recording = Recording("call.mp3", 10, "ab", "jobs/x/source", warnings=(RecordingWarning.TRUNCATED,))
    options = JobOptions(channels="split", segmentation=SegmentationOptions(max_ms=9000), metadata={"case": "7"})
    job = Job(f"job_{uuid_utils.uuid7()}", recording, options, clock.now())
    jobs.add(job)
    return job


def stored(index: int, start_s: int = 0, seconds: int = 10) -> StoredSegment:
    start = start_s * SECOND
    segment = Segment(index, 0, start, start + seconds * SECOND, seconds * SECOND, FLAGS)
    return StoredSegment(segment, f"jobs/x/{index}.flac")


def prepared(jobs: JobStore, clock: ManualClock, segments: int = 3) -> Job:
    """A job whose segments wait to be analysed."""
    new_job(jobs, clock)
    claim = jobs.claim_preparation()
    assert claim is not None
    job = claim.job.to(JobState.INFERRING, clock.now())
    jobs.save(claim, job, add=[stored(index, 20 * index) for index in range(segments)])
    return job


def claimed(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim


def test_a_job_comes_back_as_it_went_in(jobs: JobStore, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    assert jobs.get(job.id) == job


def test_an_unknown_job_is_not_found(jobs: JobStore) -> None:
    with pytest.raises(JobNotFound):
        jobs.get("job_0")


def test_pages_are_newest_first_and_meet_without_overlap(jobs: JobStore, clock: ManualClock) -> None:
    ids = [new_job(jobs, clock).id for _ in range(5)]
    first = jobs.page(limit=2, after=None, status=None)
    second = jobs.page(limit=3, after=first.next_cursor, status=None)
    assert [job.id for job in [*first.jobs, *second.jobs]] == ids[::-1]
    assert second.next_cursor is None


def test_a_page_can_be_of_one_status(jobs: JobStore, clock: ManualClock) -> None:
    first, second = new_job(jobs, clock), new_job(jobs, clock)
    jobs.claim_preparation()
    assert [job.id for job in jobs.page(limit=9, after=None, status=JobStatus.PROCESSING).jobs] == [first.id]
    assert [job.id for job in jobs.page(limit=9, after=None, status=JobStatus.QUEUED).jobs] == [second.id]


def test_a_job_is_claimed_once_oldest_first(jobs: JobStore, clock: ManualClock) -> None:
    first, second = new_job(jobs, clock), new_job(jobs, clock)
    assert [claimed(jobs.claim_preparation()).job.id for _ in range(2)] == [first.id, second.id]
    assert jobs.claim_preparation() is None


def test_a_renewed_lease_holds_and_an_abandoned_one_is_claimed_again(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    clock.advance(LEASE_S - 1)
    jobs.renew(claim)
    clock.advance(LEASE_S - 1)
    assert jobs.claim_preparation() is None
    clock.advance(2)
    again = claimed(jobs.claim_preparation())
    assert (again.job.attempts, again.fence) == (2, claim.fence + 1)


def test_whoever_lost_the_lease_can_write_nothing(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    zombie = claimed(jobs.claim_preparation())
    clock.advance(LEASE_S + 1)
    claimed(jobs.claim_preparation())
    done = zombie.job.to(JobState.INFERRING, clock.now())
    with pytest.raises(LeaseLost):
        jobs.save(zombie, done, add=[stored(0)])
    with pytest.raises(LeaseLost):
        jobs.renew(zombie)
    with pytest.raises(LeaseLost):
        jobs.forget_segments_from(zombie, 0)
    assert jobs.get(zombie.job.id).state is JobState.PREPARING
    assert jobs.results(zombie.job.id) == []


def test_a_postponed_stage_is_claimed_again_only_after_its_time(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    jobs.postpone(claim, claim.job, 5)
    clock.advance(4)
    assert jobs.claim_preparation() is None
    clock.advance(2)
    assert claimed(jobs.claim_preparation()).job.attempts == 2


def test_segments_can_be_claimed_while_the_job_is_still_prepared(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    jobs.save(claim, claim.job, add=[stored(0)])
    assert [found.stored for found in jobs.claim_segments(60 * SECOND)] == [stored(0)]


def test_segments_are_claimed_across_jobs_within_the_budget(jobs: JobStore, clock: ManualClock) -> None:
    first, second = prepared(jobs, clock, 2), prepared(jobs, clock, 2)
    found = jobs.claim_segments(30 * SECOND)
    assert [(claim.job_id, claim.stored.segment.index) for claim in found] == [
        (first.id, 0),
        (first.id, 1),
        (second.id, 0),
    ]
    assert len(jobs.claim_segments(1)) == 1  # one is always given, however small the budget
    assert jobs.claim_segments(30 * SECOND) == []


def test_an_outcome_is_recorded_once_and_a_late_one_is_refused(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock, 1)
    (late,) = jobs.claim_segments(SECOND)
    clock.advance(LEASE_S + 1)
    (again,) = jobs.claim_segments(SECOND)
    assert again.attempts == 2
    assert jobs.record([(again, HAPPY)], MODEL) == 1
    assert jobs.record([(again, HAPPY)], MODEL) == 0
    assert jobs.record([(late, SegmentOutcome.skipped(FailureCode.CRASH))], MODEL) == 0
    assert [found.outcome for found in jobs.results(job.id)] == [HAPPY]
    assert jobs.get(job.id).model == MODEL


def test_released_segments_are_as_if_never_claimed(jobs: JobStore, clock: ManualClock) -> None:
    prepared(jobs, clock, 1)
    jobs.release_segments(jobs.claim_segments(SECOND))
    (again,) = jobs.claim_segments(SECOND)
    assert again.attempts == 1


def test_renewed_segments_stay_claimed(jobs: JobStore, clock: ManualClock) -> None:
    prepared(jobs, clock, 1)
    claims = jobs.claim_segments(SECOND)
    clock.advance(LEASE_S - 1)
    jobs.renew_segments(claims)
    clock.advance(LEASE_S - 1)
    assert jobs.claim_segments(SECOND) == []
    jobs.record([(claims[0], HAPPY)], MODEL)
    with pytest.raises(LeaseLost):
        jobs.renew_segments(claims)


def test_a_job_is_finished_only_when_every_segment_is_done(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock, 2)
    first, second = jobs.claim_segments(60 * SECOND)
    jobs.record([(first, HAPPY)], MODEL)
    assert jobs.claim_finish() is None
    jobs.record([(second, SegmentOutcome.skipped(FailureCode.TIMEOUT))], MODEL)
    claim = claimed(jobs.claim_finish())
    assert claim.job.state is JobState.FINISHING
    assert jobs.counts([job.id]) == {job.id: SegmentCounts(2, 1, 1, 10 * SECOND)}


def test_a_job_being_prepared_is_not_finished_even_when_its_segments_so_far_are_done(
    jobs: JobStore, clock: ManualClock
) -> None:
    new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    jobs.save(claim, claim.job, add=[stored(0)])
    jobs.record([(jobs.claim_segments(SECOND)[0], HAPPY)], MODEL)
    assert jobs.claim_finish() is None


def test_a_job_without_segments_can_be_finished(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock, 0)
    assert claimed(jobs.claim_finish()).job.id == job.id


def test_a_second_preparation_keeps_what_was_found_for_the_same_segments(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    first = claimed(jobs.claim_preparation())
    jobs.save(first, first.job, add=[stored(0), stored(1, 20), stored(2, 40)])
    jobs.record([(claim, HAPPY) for claim in jobs.claim_segments(60 * SECOND)], MODEL)
    clock.advance(LEASE_S + 1)
    second = claimed(jobs.claim_preparation())
    moved = stored(1, 21)
    jobs.save(second, second.job, add=[stored(0), moved])
    jobs.forget_segments_from(second, 2)
    found = jobs.results(second.job.id)
    assert [result.outcome == HAPPY for result in found] == [True, False]
    assert [claim.stored for claim in jobs.claim_segments(60 * SECOND)] == [moved]


def test_replacing_needs_the_state_to_be_as_it_was_and_ends_the_lease(jobs: JobStore, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    assert not jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert jobs.replace(claim.job, claim.job.to(JobState.CANCELED, clock.now()))
    with pytest.raises(LeaseLost):
        jobs.renew(claim)
    assert jobs.get(job.id).state is JobState.CANCELED


def test_segments_of_a_canceled_job_are_not_claimed(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    assert jobs.claim_segments(60 * SECOND) == []
    assert jobs.claim_finish() is None


def test_a_failure_is_kept(jobs: JobStore, clock: ManualClock) -> None:
    new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    jobs.save(claim, claim.job.failed(FAILURES[FailureCode.NO_AUDIO_STREAM], clock.now()))
    assert jobs.get(claim.job.id).failure == FAILURES[FailureCode.NO_AUDIO_STREAM]


def test_deleting_forgets_all_but_the_id_and_workers_notice(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock)
    claims = jobs.claim_segments(60 * SECOND)
    jobs.delete(job.id)
    with pytest.raises(JobDeleted):
        jobs.get(job.id)
    with pytest.raises(JobDeleted):
        jobs.delete(job.id)
    with pytest.raises(LeaseLost):
        jobs.renew_segments(claims)
    assert jobs.record([(claim, HAPPY) for claim in claims], MODEL) == 0
    with pytest.raises(SegmentNotFound):
        jobs.segment(job.id, 0)


def test_deleted_jobs_are_purgeable_until_they_are_purged(jobs: JobStore, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    jobs.delete(job.id)
    assert jobs.purgeable(clock.now()) == []
    clock.advance(1)
    assert jobs.purgeable(clock.now()) == [job.id]
    jobs.purged(job.id)
    assert jobs.purgeable(clock.now()) == []


def test_segments_come_in_pages_by_index(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock, 5)
    assert [found.segment.index for found in jobs.results(job.id, after=1, limit=2)] == [2, 3]
    assert jobs.segment(job.id, 4) == stored(4, 80)


def test_flags_come_back_as_they_went_in_also_none(jobs: JobStore, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    claim = claimed(jobs.claim_preparation())
    flagged, plain = stored(0), stored(1, 20)
    plain = replace(plain, segment=replace(plain.segment, flags=()))
    jobs.save(claim, claim.job, add=[flagged, plain])
    assert [result.segment.flags for result in jobs.results(job.id)] == [FLAGS, ()]


def test_many_claimers_at_once_never_share_a_segment(jobs: JobStore, clock: ManualClock) -> None:
    job = prepared(jobs, clock, 60)

    def claim_all(_: int) -> list[int]:
        found: list[int] = []
        while batch := jobs.claim_segments(20 * SECOND):
            found += [claim.stored.segment.index for claim in batch]
        return found

    with ThreadPoolExecutor(6) as pool:
        indices = [index for found in pool.map(claim_all, range(6)) for index in found]
    assert sorted(indices) == list(range(60))
    assert jobs.counts([job.id])[job.id] == replace(SegmentCounts(), total=60)
