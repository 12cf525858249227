"""The order in which segments and recordings are claimed: by priority, by tenant, and by the job's share so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import LeaseLost
from shared.domain.job import Job, JobState
from shared.domain.options import Priority
from shared.ports import Housekeeping, JobRepository, Queue, SegmentClaim, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, SECOND, claimed, new_job, prepared

BATCH = 100 * SECOND
"""Ten of the tests' segments."""


def analyse_batch(queue: WorkQueue, budget: int = BATCH) -> Counter[str]:
    """Claim a batch and record it. Returns the number of segments by job."""
    batch = queue.claim_segments(budget)
    queue.record([(claim, HAPPY) for claim in batch], MODEL)
    return by_job(batch)


def by_job(batch: Sequence[SegmentClaim]) -> Counter[str]:
    return Counter(claim.job_id for claim in batch)


def test_a_short_job_does_not_wait_for_a_long_one(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    long = prepared(jobs, queue, clock, 60)
    assert analyse_batch(queue) == {long.id: 10}
    short = prepared(jobs, queue, clock, 3)
    assert analyse_batch(queue) == {short.id: 3, long.id: 7}


def test_a_long_job_does_not_wait_for_a_stream_of_short_ones(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    long = prepared(jobs, queue, clock, 60)
    for _ in range(6):
        short = prepared(jobs, queue, clock, 10)
        assert analyse_batch(queue) == {long.id: 5, short.id: 5}
        assert analyse_batch(queue) == {long.id: 5, short.id: 5}


def test_more_jobs_of_a_tenant_than_a_batch_holds_share_evenly(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [prepared(jobs, queue, clock, 4).id for _ in range(20)]
    first, second = analyse_batch(queue), analyse_batch(queue)
    assert set(first.values()) == set(second.values()) == {1}
    assert sorted([*first, *second]) == ids


def test_tenants_share_evenly_however_many_jobs_they_have(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    crowd = [prepared(jobs, queue, clock, 10, tenant="crowd").id for _ in range(15)]
    lone = prepared(jobs, queue, clock, 60, tenant="lone")
    for _ in range(3):
        batch = analyse_batch(queue)
        assert batch[lone.id] == 5
        assert sum(batch[job_id] for job_id in crowd) == 5


@pytest.mark.parametrize("first", ["much", "little"])
def test_the_unused_share_of_a_tenant_goes_to_the_others(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock, first: str
) -> None:
    for tenant in ("much", "little") if first == "much" else ("little", "much"):
        prepared(jobs, queue, clock, 30 if tenant == "much" else 2, tenant=tenant)
    assert sorted(analyse_batch(queue).values()) == [2, 8]


def test_of_a_tenant_a_higher_priority_comes_first_and_leaves_the_rest_of_the_budget(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    low = prepared(jobs, queue, clock, 30, priority="low")
    normal = prepared(jobs, queue, clock, 30)
    high = prepared(jobs, queue, clock, 12, priority="high")
    assert analyse_batch(queue) == {high.id: 10}
    assert analyse_batch(queue) == {high.id: 2, normal.id: 8}
    assert low.id not in analyse_batch(queue)


def test_a_tenant_gets_no_more_of_a_batch_by_a_high_priority(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    urgent = {prepared(jobs, queue, clock, 30, tenant="hasty", priority="high").id for _ in range(8)}
    low, normal = (prepared(jobs, queue, clock, 4, tenant="calm", priority=each).id for each in ("low", "normal"))
    batch = analyse_batch(queue)
    assert sum(batch[job_id] for job_id in urgent) == 5
    assert (batch[normal], batch[low]) == (4, 1)
    assert analyse_batch(queue)[low] == 3  # the rest of the share is not lost


def test_the_segments_of_a_job_come_in_their_order(jobs: JobRepository, queue: WorkQueue, clock: ManualClock) -> None:
    prepared(jobs, queue, clock, 40)
    places = [claim.stored.segment.index for claim in queue.claim_segments(4 * BATCH)]
    assert places == list(range(40))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.tuples(st.integers(1, 12), st.sampled_from("abc"), st.sampled_from(["low", "high"])), max_size=8),
    budget=st.integers(1, 400),
)
def test_a_claim_is_as_large_as_it_can_be_and_no_larger(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock, sizes: list[tuple[int, str, Priority]], budget: int
) -> None:
    while queue.claim_segments(10 * BATCH):  # left by the previous example
        pass
    for segments, tenant, priority in sizes:
        prepared(jobs, queue, clock, segments, tenant=tenant, priority=priority)
    batch = queue.claim_segments(budget * SECOND)
    waiting = sum(segments for segments, _, _ in sizes)
    assert len(batch) == min(waiting, max(1, budget // 10))
    assert len({(claim.job_id, claim.stored.segment.index) for claim in batch}) == len(batch)


def test_recordings_of_a_higher_priority_are_prepared_first_in_the_turns_of_their_tenant(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    order: list[Priority] = ["low", "normal", "high"]
    ids = [new_job(jobs, clock, priority=priority).id for priority in order]
    others = [new_job(jobs, clock, tenant="calm", priority="low").id for _ in range(2)]
    expected = [ids[2], others[0], ids[1], others[1], ids[0]]
    assert [claimed(queue.claim_preparation()).job.id for _ in expected] == expected


def test_tenants_take_turns_at_having_recordings_prepared(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    crowd = [new_job(jobs, clock, tenant="crowd").id for _ in range(4)]
    lone = [new_job(jobs, clock, tenant="lone").id for _ in range(2)]
    order = [claimed(queue.claim_preparation()).job.id for _ in range(6)]
    assert order == [crowd[0], lone[0], crowd[1], lone[1], crowd[2], crowd[3]]


def test_of_tenants_with_as_many_jobs_under_way_the_one_that_has_waited_longest_comes_first(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    ids = [new_job(jobs, clock, tenant=tenant).id for tenant in ("z", "a", "m")]
    assert [claimed(queue.claim_preparation()).job.id for _ in ids] == ids


def test_a_job_comes_back_with_its_tenant(jobs: JobRepository, clock: ManualClock) -> None:
    assert jobs.get(new_job(jobs, clock, tenant="acme").id).tenant == "acme"


def finish_job(queue: WorkQueue, clock: ManualClock, job: Job) -> None:
    claim = claimed(queue.claim_finish())
    assert claim.job.id == job.id
    queue.save(claim, claim.job.to(JobState.SUCCEEDED, clock.now()))


def test_claimable_work_follows_a_job_through_its_stages(
    jobs: JobRepository, queue: WorkQueue, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    assert housekeeping.claimable() == []
    new_job(jobs, clock)
    assert housekeeping.claimable() == [Queue.PREPARE]
    job = prepared(jobs, queue, clock, 3)  # claims the first and gives it segments
    assert housekeeping.claimable() == [Queue.PREPARE, Queue.INFER]
    claimed(queue.claim_preparation())
    batch = queue.claim_segments(BATCH)
    assert housekeeping.claimable() == []
    queue.record([(claim, HAPPY) for claim in batch], MODEL)
    assert housekeeping.claimable() == [Queue.FINISH]
    finish_job(queue, clock, job)
    assert housekeeping.claimable() == []


def test_a_worker_loses_the_leases_of_a_canceled_job_at_its_next_renewal(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    canceled, active = prepared(jobs, queue, clock, 3), prepared(jobs, queue, clock, 3)
    batch = queue.claim_segments(BATCH)
    assert jobs.replace(canceled, canceled.to(JobState.CANCELED, clock.now()))
    queue.renew_segments(batch)
    canceled_claims = [claim for claim in batch if claim.job_id == canceled.id]
    with pytest.raises(LeaseLost):
        queue.renew_segments(canceled_claims)
    assert len(batch) > len(canceled_claims)
    assert active.id in by_job(batch)
