"""What the job store promises to many workers at once. On Postgres they truly meet; SQLite has them take turns."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from threading import Barrier
from typing import TypeVar

import pytest
import uuid_utils

from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.job import Job, JobState, SegmentCounts
from shared.domain.segment import SegmentOutcome, SegmentStatus
from shared.ports import Claim, JobRepository, SegmentClaim, StoredSegment, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, SECOND, claimed, new_job, prepared, stored

Found = TypeVar("Found")


def at_once(*work: Callable[[], Found]) -> list[Found]:
    """Does each piece of work in a thread of its own; what one raises is raised here."""
    barrier = Barrier(len(work))

    def begin(piece: Callable[[], Found]) -> Found:
        barrier.wait()
        return piece()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def flat(found: Iterable[list[Found]]) -> list[Found]:
    return list(itertools.chain.from_iterable(found))


def until_none(claim: Callable[[], Claim | None]) -> list[Claim]:
    return list(iter(claim, None))


def until_empty(queue: WorkQueue, budget: int) -> list[SegmentClaim]:
    return flat(iter(lambda: list(queue.claim_segments(budget)), []))


def places(claims: Iterable[SegmentClaim]) -> list[tuple[str, int]]:
    return [(claim.job_id, claim.stored.segment.index) for claim in claims]


def test_no_segment_is_claimed_twice_and_none_is_left(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [prepared(jobs, queue, clock, 60).id for _ in range(3)]
    found = at_once(*[lambda: until_empty(queue, 40 * SECOND)] * 8)
    assert sorted(places(flat(found))) == [(job_id, index) for job_id in ids for index in range(60)]
    assert jobs.counts(ids)[ids[0]] == replace(SegmentCounts(), total=60)


def test_of_jobs_with_one_key_one_is_added_and_the_others_are_told_of_it(
    jobs: JobRepository, clock: ManualClock
) -> None:
    job = new_job(jobs, clock)

    def add() -> Job | None:
        wanted = replace(job, id=f"job_{uuid_utils.uuid7()}", idempotency_key="key")
        return jobs.add(wanted) or wanted

    assert len({found.id for found in at_once(*[add] * 8) if found}) == 1


def test_no_preparation_is_claimed_twice_and_none_is_left(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock).id for _ in range(30)]
    found = at_once(*[lambda: until_none(queue.claim_preparation)] * 6)
    assert sorted(claim.job.id for claim in flat(found)) == ids


def test_each_job_is_finished_once_and_not_before_its_last_segment(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [prepared(jobs, queue, clock, 2).id for _ in range(20)]

    def infer() -> list[str]:
        """Records a segment at a time and then looks for a job to finish, as the stages do."""
        finished = []
        while batch := queue.claim_segments(1):
            queue.record([(claim, HAPPY) for claim in batch], MODEL)
            for claim in until_none(queue.claim_finish):
                assert jobs.counts([claim.job.id])[claim.job.id].done == 2
                queue.save(claim, claim.job.to(JobState.SUCCEEDED, clock.now()))
                finished.append(claim.job.id)
        return finished

    assert sorted(flat(at_once(*[infer] * 5))) == ids
    assert {jobs.get(job_id).model for job_id in ids} == {MODEL}


def test_of_two_who_delete_a_job_one_is_told_that_it_is_deleted(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    def delete(job_id: str) -> bool:
        try:
            jobs.delete(job_id)
        except JobDeleted:
            return False
        return True

    for _ in range(10):
        job_id = prepared(jobs, queue, clock, 1).id
        assert sorted(at_once(*[lambda job_id=job_id: delete(job_id)] * 3)) == [False, False, True]


def confidence_of(found: StoredSegment) -> float:
    return 0.5 + found.segment.start / (10_000 * SECOND)


def test_an_outcome_is_never_kept_for_another_place_than_it_was_found_for(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    """Preparing a recording again may move a segment while a worker claims it, or says what it found."""
    job = new_job(jobs, clock)
    preparation = claimed(queue.claim_preparation())
    queue.save(preparation, preparation.job, add=[stored(index, 20 * index) for index in range(4)])

    def move() -> None:
        for offset in range(1, 80):
            moved = [stored(index, 20 * index + offset % 10) for index in range(4)]
            queue.save(preparation, preparation.job, add=moved)

    def infer() -> None:
        for _ in range(80):
            for claim in queue.claim_segments(20 * SECOND):
                confidence = confidence_of(claim.stored)
                queue.record([(claim, SegmentOutcome.scored({"happy": confidence, "sad": 1 - confidence}))], MODEL)

    at_once(move, infer, infer)
    infer()
    results = jobs.results(job.id)
    assert [result.outcome.status for result in results] == [SegmentStatus.OK] * 4
    for result in results:
        assert result.outcome.confidence == pytest.approx(confidence_of(jobs.segment(job.id, result.segment.index)))


@dataclass
class Crowd:
    """Workers that record and renew batches across jobs which are prepared again, canceled and deleted meanwhile."""

    jobs: JobRepository
    queue: WorkQueue
    clock: ManualClock
    preparations: list[Claim]
    recorded: list[tuple[str, int]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [preparation.job.id for preparation in self.preparations]

    def infer(self, seed: int) -> None:
        random = Random(seed)
        while batch := list(self.queue.claim_segments(random.randrange(1, 400) * SECOND)):
            random.shuffle(batch)
            with suppress(LeaseLost):
                self.queue.renew_segments(batch)
            self.queue.release_segments(batch[1:4])
            for part in (batch[:1], batch[4:]):
                self._record(part)

    def _record(self, claims: list[SegmentClaim]) -> None:
        if self.queue.record([(claim, HAPPY) for claim in claims], MODEL) == len(claims):
            self.recorded.extend(places(claims))

    def prepare_again(self) -> None:
        moved = [stored(index, 20 * index + 1) for index in range(30, 40)]
        for preparation in self.preparations:
            with suppress(LeaseLost):
                self.queue.renew(preparation)
                self.queue.save(preparation, preparation.job, add=moved)
                self.queue.forget_segments_from(preparation, 35)

    def end(self) -> None:
        for job_id in self.ids[::4]:
            self.jobs.delete(job_id)
        for job_id in self.ids[1::4]:
            job = self.jobs.get(job_id)
            assert self.jobs.replace(job, job.to(JobState.CANCELED, self.clock.now()))


@pytest.fixture
def crowd(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> Crowd:
    for _ in range(8):
        new_job(jobs, clock)
    preparations = [claimed(queue.claim_preparation()) for _ in range(8)]
    for preparation in preparations:
        queue.save(preparation, preparation.job, add=[stored(index, 20 * index) for index in range(40)])
    return Crowd(jobs, queue, clock, preparations)


def test_writers_of_the_same_jobs_never_block_each_other_for_good(crowd: Crowd) -> None:
    at_once(lambda: crowd.infer(1), lambda: crowd.infer(2), lambda: crowd.infer(3), crowd.prepare_again, crowd.end)
    crowd.infer(4)
    for job_id in [*crowd.ids[2::4], *crowd.ids[3::4]]:
        assert [result.outcome for result in crowd.jobs.results(job_id)] == [HAPPY] * 35
    assert all(crowd.jobs.results(job_id) == [] for job_id in crowd.ids[::4])
    never_moved = [place for place in crowd.recorded if place[1] < 30]
    assert len(never_moved) == len(set(never_moved))
