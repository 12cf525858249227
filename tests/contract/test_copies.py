"""The contract of `shared.ports.CopyQueue`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.db.copies import SqlCopyQueue
from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.job import JobState
from shared.domain.options import RetentionOptions
from shared.ports import Housekeeping, JobRepository, Queue, WantedCopy
from tests.support.clock import ManualClock
from tests.support.stored_jobs import LEASE_S, new_job

WAITING = WantedCopy(None, failed=False)


@pytest.fixture
def copies(engine: Engine, clock: ManualClock) -> SqlCopyQueue:
    return SqlCopyQueue(engine, clock, LEASE_S)


def test_a_wanted_copy_is_made_once(
    copies: SqlCopyQueue, jobs: JobRepository, housekeeping: Housekeeping, clock: ManualClock
) -> None:
    job = ended_job(jobs, clock)
    assert copies.claim() is None
    assert Queue.PREPARE not in housekeeping.claimable()
    assert copies.want(job) == copies.want(job) == WAITING
    assert Queue.PREPARE in housekeeping.claimable()
    first = copies.claim()
    assert first
    assert first.job == jobs.get(job)
    assert copies.claim() is None
    clock.advance(0.7 * LEASE_S)
    copies.renew(first)
    clock.advance(0.7 * LEASE_S)
    assert copies.claim() is None
    clock.advance(LEASE_S)
    second = copies.claim()
    assert second
    with pytest.raises(LeaseLost):
        copies.finish(first, 1)
    assert copies.want(job) == WAITING
    assert copies.finish(second, 7)
    assert copies.want(job) == WantedCopy(7, failed=False)
    assert copies.claim() is None
    jobs.delete(job)
    with pytest.raises(JobDeleted):
        copies.want(job)


def test_a_copy_that_was_tried_three_times_has_failed(
    copies: SqlCopyQueue, jobs: JobRepository, clock: ManualClock
) -> None:
    job = ended_job(jobs, clock)
    copies.want(job)
    for tried in (False, True, True):
        claim = copies.claim()
        assert claim
        copies.release(claim, tried=tried)
        assert copies.want(job) == WAITING
    assert copies.claim()  # whose worker dies
    assert copies.want(job) == WAITING
    clock.advance(2 * LEASE_S)
    assert copies.claim() is None
    assert copies.want(job) == WantedCopy(None, failed=True)


def test_no_copy_outlives_its_recording(copies: SqlCopyQueue, jobs: JobRepository, clock: ManualClock) -> None:
    job = ended_job(jobs, clock)
    copies.want(job)
    claim = copies.claim()
    assert claim
    options = replace(jobs.get(job).options, retention=RetentionOptions(audio_s=0))
    jobs.revise(job, lambda before: before.evolve(options=options))
    clock.advance(1)
    assert not copies.finish(claim, 7)
    copies.want(job)
    claim = copies.claim()
    assert claim
    jobs.delete(job)
    for end in (lambda: copies.renew(claim), lambda: copies.finish(claim, 7)):
        with pytest.raises(LeaseLost):
            end()


def ended_job(jobs: JobRepository, clock: ManualClock) -> str:
    job = new_job(jobs, clock)
    assert jobs.replace(job, job.to(JobState.CANCELED, clock.now()))
    return job.id
