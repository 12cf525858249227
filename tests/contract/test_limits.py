"""The usage of jobs, and the limits on it under concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import uuid_utils
from sqlalchemy import Engine

from shared.db.usage import SqlUsageStore
from shared.domain.errors import QueueFull, QuotaExceeded, TooManyOpenJobs
from shared.domain.job import Job, JobState
from shared.domain.limits import Limits, Standing
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.usage import DayUsage, Usage
from shared.ports import JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import SECOND, claimed


@pytest.fixture
def usage(engine: Engine) -> SqlUsageStore:
    return SqlUsageStore(engine)


def make_job(clock: ManualClock, size: int = 10, tenant: str = "acme", key_id: str | None = "key_1") -> Job:
    recording = Recording("call.mp3", size, "ab", "jobs/x/source")
    return Job(f"job_{uuid_utils.uuid7()}", recording, JobOptions(), clock.now(), tenant, key_id)


def decode(queue: WorkQueue, clock: ManualClock, seconds: int) -> Job:
    claim = claimed(queue.claim_preparation())
    job = claim.job.evolve(prepared=seconds * SECOND).to(JobState.INFERRING, clock.now())
    queue.save(claim, job)
    return job


def test_jobs_count_on_their_day_for_their_key_even_when_deleted(
    jobs: JobRepository, usage: SqlUsageStore, clock: ManualClock
) -> None:
    today = clock.now().date()
    submitted = [make_job(clock), make_job(clock, 20), make_job(clock, 30, key_id="key_2")]
    late = replace(make_job(clock, 40), created_at=clock.now() + timedelta(days=1))
    for job in (*submitted, late, make_job(clock, 50, "other")):
        assert jobs.add(job) is None
    jobs.delete(submitted[0].id)
    assert jobs.get(submitted[1].id).key_id == "key_1"
    assert usage.list_days("acme", today, today + timedelta(days=1)) == [
        DayUsage(today, "key_1", Usage(2, 30)),
        DayUsage(today, "key_2", Usage(1, 30)),
        DayUsage(today + timedelta(days=1), "key_1", Usage(1, 40)),
    ]
    assert usage.list_days("acme", today - timedelta(days=9), today - timedelta(days=1)) == []


def test_audio_counts_once_when_it_is_decoded(
    jobs: JobRepository, queue: WorkQueue, usage: SqlUsageStore, clock: ManualClock
) -> None:
    def seconds() -> float:
        today = clock.now().date()
        return sum(day.usage.samples for day in usage.list_days("acme", today, today)) / SECOND

    jobs.add(make_job(clock))
    assert seconds() == 0
    job = decode(queue, clock, 60)
    assert seconds() == 60
    canceled = job.to(JobState.CANCELED, clock.now())
    assert jobs.replace(job, canceled)
    assert jobs.retry(canceled, canceled.retried(clock.now()), forget_all=True)
    assert seconds() == 60
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.evolve(prepared=5 * SECOND))
    jobs.delete(job.id)
    assert seconds() == 60


def test_a_job_that_is_deleted_while_it_is_decoded_counts_its_decoded_audio(
    jobs: JobRepository, queue: WorkQueue, usage: SqlUsageStore, clock: ManualClock
) -> None:
    jobs.add(make_job(clock))
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job.evolve(prepared=5 * SECOND))
    jobs.delete(claim.job.id)
    (day,) = usage.list_days("acme", clock.now().date(), clock.now().date())
    assert day.usage.samples == 5 * SECOND


def test_a_job_that_is_added_twice_counts_once(jobs: JobRepository, usage: SqlUsageStore, clock: ManualClock) -> None:
    first, second = (replace(make_job(clock), idempotency_key="order-17") for _ in range(2))
    assert jobs.add(first) is None
    existing = jobs.add(second)
    assert existing is not None
    assert existing.id == first.id
    (day,) = usage.list_days("acme", clock.now().date(), clock.now().date())
    assert day.usage == Usage(1, 10)


def test_a_job_over_a_limit_is_refused_before_and_after_its_upload(jobs: JobRepository, clock: ManualClock) -> None:
    for limits, error in (
        (Limits(open_jobs=1), TooManyOpenJobs),
        (Limits(upload_bytes_per_day=19), QuotaExceeded),
        (Limits(queued_jobs=1), QueueFull),
    ):
        tenant = error.code
        if error is not QueueFull:
            jobs.admit(tenant, 10, None, limits)
        jobs.add(replace(make_job(clock, tenant=tenant), idempotency_key="mine"))
        with pytest.raises(error):
            jobs.admit(tenant, 10, None, limits)
        with pytest.raises(error):
            jobs.add(make_job(clock, tenant=tenant), limits)
        jobs.admit(tenant, 10, "mine", limits)


def test_a_new_day_begins_at_midnight_of_utc(jobs: JobRepository, clock: ManualClock) -> None:
    limits = Limits(upload_bytes_per_day=10)
    clock.advance(20 * 3600)
    jobs.add(make_job(clock), limits)
    with pytest.raises(QuotaExceeded) as refused:
        jobs.add(make_job(clock), limits)
    assert refused.value.standing == Standing("upload-bytes", 10, 0, "content-bytes", 24 * 3600, 4 * 3600)
    clock.advance(4 * 3600 - 1)
    with pytest.raises(QuotaExceeded):
        jobs.add(make_job(clock), limits)
    clock.advance(1)
    assert jobs.add(make_job(clock), limits) is None


def test_audio_of_the_day_is_limited_by_decoded_audio(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    limits = Limits(audio_hours_per_day=1)
    jobs.add(make_job(clock), limits)
    decode(queue, clock, 3599)
    jobs.add(make_job(clock), limits)
    decode(queue, clock, 1)
    with pytest.raises(QuotaExceeded):
        jobs.add(make_job(clock), limits)


@pytest.mark.parametrize("limits", [Limits(open_jobs=3), Limits(upload_bytes_per_day=39)], ids=["open", "bytes"])
def test_concurrent_jobs_do_not_exceed_a_limit_together(
    jobs: JobRepository, clock: ManualClock, limits: Limits
) -> None:
    def submit(job: Job) -> bool:
        try:
            jobs.add(job, limits)
        except (TooManyOpenJobs, QuotaExceeded):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(submit, [make_job(clock) for _ in range(16)]))
    assert sum(admitted) == 3
