"""The work queue under many concurrent workers, which meet on Postgres and take turns on SQLite."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

import pytest
import uuid_utils

from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.job import Job, JobState, SegmentCounts
from shared.domain.segment import SegmentOutcome, SegmentStatus
from shared.ports import Claim, JobRepository, SegmentClaim, StoredSegment, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, SECOND, claimed, new_job, prepared, stored
from tests.support.threads import run_together

Element = TypeVar("Element")


def flat(lists: Iterable[list[Element]]) -> list[Element]:
    return list(itertools.chain.from_iterable(lists))


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
    claims = run_together(*[lambda: until_empty(queue, 40 * SECOND)] * 8)
    assert sorted(places(flat(claims))) == [(job_id, index) for job_id in ids for index in range(60)]
    assert jobs.counts(ids)[ids[0]] == replace(SegmentCounts(), total=60)


def test_one_of_several_jobs_with_the_same_idempotency_key_is_added(jobs: JobRepository, clock: ManualClock) -> None:
    job = new_job(jobs, clock)

    def add() -> Job | None:
        new = replace(job, id=f"job_{uuid_utils.uuid7()}", idempotency_key="key")
        return jobs.add(new) or new

    assert len({job.id for job in run_together(*[add] * 8) if job}) == 1


def test_no_preparation_is_claimed_twice_and_none_is_left(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock).id for _ in range(30)]
    claims = run_together(*[lambda: until_none(queue.claim_preparation)] * 6)
    assert sorted(claim.job.id for claim in flat(claims)) == ids


def test_each_job_is_finished_once_and_not_before_its_last_segment(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [prepared(jobs, queue, clock, 2).id for _ in range(20)]

    def infer() -> list[str]:
        """Record one segment and then look for a job to finish, like the stages."""
        finished = []
        while batch := queue.claim_segments(1):
            queue.record([(claim, HAPPY) for claim in batch], MODEL)
            for claim in until_none(queue.claim_finish):
                assert jobs.counts([claim.job.id])[claim.job.id].processed == 2
                queue.save(claim, claim.job.to(JobState.SUCCEEDED, clock.now()))
                finished.append(claim.job.id)
        return finished

    assert sorted(flat(run_together(*[infer] * 5))) == ids
    assert {jobs.get(job_id).model for job_id in ids} == {MODEL}


def test_one_of_several_deletions_of_a_job_succeeds(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    def delete(job_id: str) -> bool:
        try:
            jobs.delete(job_id)
        except JobDeleted:
            return False
        return True

    for _ in range(10):
        job_id = prepared(jobs, queue, clock, 1).id
        assert sorted(run_together(*[lambda job_id=job_id: delete(job_id)] * 3)) == [False, False, True]


def confidence_of(stored: StoredSegment) -> float:
    return 0.5 + stored.segment.start / (10_000 * SECOND)


def test_an_outcome_is_never_stored_for_another_place_of_its_segment(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    """A second preparation may move a segment while a worker claims it or records its outcome."""
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

    run_together(move, infer, infer)
    infer()
    results = jobs.results(job.id)
    assert [result.outcome.status for result in results] == [SegmentStatus.OK] * 4
    for result in results:
        assert result.outcome.confidence == pytest.approx(confidence_of(jobs.segment(job.id, result.segment.index)))


@dataclass
class Crowd:
    """Workers that record and renew batches of jobs that are prepared again, canceled and deleted meanwhile."""

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
    run_together(lambda: crowd.infer(1), lambda: crowd.infer(2), lambda: crowd.infer(3), crowd.prepare_again, crowd.end)
    crowd.infer(4)
    for job_id in [*crowd.ids[2::4], *crowd.ids[3::4]]:
        assert [result.outcome for result in crowd.jobs.results(job_id)] == [HAPPY] * 35
    assert all(crowd.jobs.results(job_id) == [] for job_id in crowd.ids[::4])
    never_moved = [place for place in crowd.recorded if place[1] < 30]
    assert len(never_moved) == len(set(never_moved))
