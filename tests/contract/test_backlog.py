"""The contract of `shared.ports.Backlog`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.db.backlog import SqlBacklog
from shared.db.webhook_deliveries import SqlDeliveryQueue
from shared.domain.job import Job, JobState
from shared.domain.webhook import Attempt
from shared.ports import Backlog, JobRepository, Queue, Waiting, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, MODEL, SECOND, claimed, new_job, prepared, stored


@pytest.fixture
def backlog(engine: Engine, clock: ManualClock) -> Backlog:
    return SqlBacklog(engine, clock)


def waiting(backlog: Backlog) -> dict[Queue, Waiting]:
    return {waiting.queue: waiting for waiting in backlog.waiting()}


def test_the_backlog_is_empty_without_jobs(backlog: Backlog) -> None:
    assert backlog.waiting() == [Waiting(queue, 0) for queue in Queue]


def test_recordings_wait_until_they_are_prepared_and_age_until_they_are_claimed(
    backlog: Backlog, jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    first = clock.now()
    new_job(jobs, clock)
    clock.advance(60)
    second = clock.now()
    new_job(jobs, clock)
    assert waiting(backlog)[Queue.PREPARE] == Waiting(Queue.PREPARE, 2, first, size=20)
    claim = claimed(queue.claim_preparation())
    assert waiting(backlog)[Queue.PREPARE] == Waiting(Queue.PREPARE, 2, second, size=20)
    queue.save(claim, claim.job.to(JobState.INFERRING, clock.now()))
    assert waiting(backlog)[Queue.PREPARE] == Waiting(Queue.PREPARE, 1, second, size=10)
    large = replace(claim.job.recording, size_bytes=2**40)
    jobs.add(Job("job_large", large, claim.job.options, clock.now()))
    assert waiting(backlog)[Queue.PREPARE].size == 2**40 + 10


def test_segments_wait_until_they_are_recorded_and_then_their_job_waits_to_be_finished(
    backlog: Backlog, jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    created_at = clock.now()
    prepared(jobs, queue, clock, segments=2)
    preparing = new_job(jobs, clock)
    claim = claimed(queue.claim_preparation())
    queue.save(claim, claim.job, add=[stored(0)])
    backlogs = waiting(backlog)
    assert backlogs[Queue.INFER] == Waiting(Queue.INFER, 2, created_at, samples=30 * SECOND)
    assert backlogs[Queue.FINISH].jobs == 0
    segments = queue.claim_segments(10**9)
    assert waiting(backlog) == backlogs, "claimed segments are not done"
    queue.record([(segment, HAPPY) for segment in segments if segment.job_id != preparing.id], MODEL)
    backlogs = waiting(backlog)
    assert (backlogs[Queue.INFER].jobs, backlogs[Queue.INFER].samples) == (1, 10 * SECOND)
    assert backlogs[Queue.FINISH] == Waiting(Queue.FINISH, 1)
    finish = claimed(queue.claim_finish())
    assert waiting(backlog)[Queue.FINISH].jobs == 1
    queue.save(finish, finish.job.to(JobState.SUCCEEDED, clock.now()))
    assert waiting(backlog)[Queue.FINISH].jobs == 0


def test_deliveries_wait_when_they_are_due(
    backlog: Backlog, jobs: JobRepository, queue: WorkQueue, clock: ManualClock, engine: Engine
) -> None:
    webhooks = SqlDeliveryQueue(engine, clock)
    due = clock.now()
    new_job(jobs, clock, webhook_url="https://hooks.example/")
    claimed(queue.claim_preparation())
    clock.advance(1)
    assert waiting(backlog)[Queue.DELIVER] == Waiting(Queue.DELIVER, 1, due)
    delivery = webhooks.claim()
    assert delivery is not None
    webhooks.record(delivery, Attempt(500))
    assert waiting(backlog)[Queue.DELIVER].jobs == 0, "it is tried again later"
    clock.advance(60)
    assert waiting(backlog)[Queue.DELIVER].jobs == 1
