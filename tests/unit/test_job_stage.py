"""The outcome of a claim whose work fails, is given back, or loses its lease."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_services
from shared.domain.errors import DatabaseUnavailable, ObjectNotFound, Outage, StorageFull, StoreUnavailable
from shared.domain.failure import FailureCode
from shared.domain.job import Job, JobState
from shared.domain.options import JobOptions
from shared.ports import Claim, WorkQueue
from shared.settings import Settings
from tests.support.analysed import submitted
from tests.support.clock import ManualClock
from worker.pipeline.errors import NoAudioStream
from worker.stages.hold_lease import WorkerStopping
from worker.stages.job_stage import StageFunction, run_claim

OUTAGES = [StoreUnavailable, StorageFull, DatabaseUnavailable]


@pytest.fixture
def over_time(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    """The services on `clock`."""
    with open_services(Settings(data_dir=tmp_path / "data"), LocalWakeUps(), clock) as services:
        yield services


@pytest.fixture
def job_id(over_time: Services) -> str:
    return submitted(over_time, JobOptions())


def failing(error: type[Exception]) -> StageFunction:
    def work(claim: Claim, _: object) -> Job:
        raise error

    return work


def prepared(claim: Claim, _: object) -> Job:
    return claim.job.to(JobState.INFERRING, claim.job.created_at)


def attempt(services: Services, clock: ManualClock, work: StageFunction) -> int:
    """Run the next claim, an hour after the one before, and return its number of attempts."""
    clock.advance(3600)
    claim = services.ports.work_queue.claim_preparation()
    assert claim is not None
    run_claim(services, claim, work)
    return claim.job.attempts


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_waited_for_without_end_and_counts_no_attempt(
    over_time: Services, clock: ManualClock, job_id: str, outage: type[Outage]
) -> None:
    for _ in range(10):
        with pytest.raises(outage):
            attempt(over_time, clock, failing(outage))
    assert over_time.jobs.get(job_id).state is JobState.PREPARING
    assert attempt(over_time, clock, prepared) == 1
    assert over_time.jobs.get(job_id).state is JobState.INFERRING


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError, FailureCode.STORAGE_ERROR),
        (ObjectNotFound, FailureCode.STORAGE_ERROR),
        (RuntimeError, FailureCode.INTERNAL_ERROR),
    ],
)
def test_a_temporary_error_is_tried_three_times_with_or_without_outages_in_between(
    over_time: Services, clock: ManualClock, job_id: str, error: type[Exception], code: FailureCode
) -> None:
    attempts = []
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            attempt(over_time, clock, failing(StoreUnavailable))
        assert over_time.jobs.get(job_id).state in (JobState.QUEUED, JobState.PREPARING)
        attempts.append(attempt(over_time, clock, failing(error)))
    job = over_time.jobs.get(job_id)
    assert attempts == [1, 2, 3]
    assert (job.state, job.failure and job.failure.code) == (JobState.FAILED, code)


def test_a_permanent_error_is_tried_once(over_time: Services, clock: ManualClock, job_id: str) -> None:
    attempt(over_time, clock, failing(NoAudioStream))
    assert over_time.jobs.get(job_id).state is JobState.FAILED


@pytest.mark.parametrize("error", [StoreUnavailable, OSError])
def test_a_retry_waits(over_time: Services, job_id: str, error: type[Exception]) -> None:
    claim = over_time.ports.work_queue.claim_preparation()
    assert claim is not None
    assert claim.job.id == job_id
    with suppress(Outage):
        run_claim(over_time, claim, failing(error))
    assert over_time.ports.work_queue.claim_preparation() is None


def test_a_claim_given_back_by_a_stopping_worker_is_free_at_once(
    over_time: Services, clock: ManualClock, job_id: str
) -> None:
    for _ in range(5):
        assert attempt(over_time, clock, failing(WorkerStopping)) == 1
        clock.advance(0.001)
        claim = over_time.ports.work_queue.claim_preparation()
        assert claim is not None
        run_claim(over_time, claim, failing(WorkerStopping))
    assert over_time.jobs.get(job_id).state is JobState.PREPARING


class LostReplyQueue:
    """A work queue that raises an outage after its first postponement, which has succeeded: the reply is lost."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue
        self._lost = False

    def postpone(self, claim: Claim, job: Job, seconds: float) -> None:
        self._queue.postpone(claim, job, seconds)
        if not self._lost:
            self._lost = True
            raise DatabaseUnavailable

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)


def test_a_claim_given_back_twice_counts_once(over_time: Services, clock: ManualClock, job_id: str) -> None:
    with pytest.raises(StoreUnavailable):
        attempt(
            build_services(replace(over_time.ports, work_queue=LostReplyQueue(over_time.ports.work_queue))),
            clock,
            failing(StoreUnavailable),
        )
    assert over_time.jobs.get(job_id).attempts == 0
