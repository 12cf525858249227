"""The work queue on a database server: clocks that differ, and transactions that stay open."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, text

from shared.db.work_queue import SqlWorkQueue
from shared.ports import JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, LEASE_S, MODEL, SECOND, claimed, new_job, prepared, stored
from tests.support.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as opened:
        yield opened


@contextmanager
def segments_unwritable(engine: Engine) -> Iterator[Connection]:
    """Let segments be locked but not written while the context lasts, so that a writer stops in between."""
    with engine.connect() as blocker, engine.connect() as looker:
        blocker.execute(text("LOCK TABLE segments IN SHARE MODE"))
        yield looker


def wait_until_blocked(looker: Connection, number: int) -> None:
    """Return when `number` transactions wait for others."""
    wait_until(lambda: looker.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) == number)
    looker.rollback()


def test_a_machine_with_a_fast_clock_claims_nothing_of_others(
    jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock
) -> None:
    fast = ManualClock()
    fast.advance(3600)
    fast_queue = SqlWorkQueue(engine, fast, LEASE_S)
    new_job(jobs, clock)
    prepared(jobs, queue, clock, 1)
    claimed(queue.claim_preparation())
    queue.claim_segments(SECOND)
    assert fast_queue.claim_preparation() is None
    assert fast_queue.claim_segments(SECOND) == []


def test_locked_rows_are_skipped(jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock) -> None:
    prepared(jobs, queue, clock, 5)
    ids = [new_job(jobs, clock).id for _ in range(2)]
    with engine.begin() as held:
        held.execute(text("SELECT 1 FROM segments WHERE index < 2 FOR UPDATE"))
        held.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": ids[0]})
        assert [claim.stored.segment.index for claim in queue.claim_segments(60 * SECOND)] == [2, 3, 4]
        assert claimed(queue.claim_preparation()).job.id == ids[1]
    assert len(queue.claim_segments(60 * SECOND)) == 2


def test_a_claim_locks_few_segments_that_it_does_not_take(
    jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock, pool: ThreadPoolExecutor
) -> None:
    prepared(jobs, queue, clock, 60)
    with segments_unwritable(engine) as looker:
        claim = pool.submit(queue.claim_segments, SECOND)
        wait_until_blocked(looker, 1)
        free = looker.execute(text("SELECT 1 FROM segments FOR UPDATE SKIP LOCKED")).all()
        looker.rollback()
    assert len(claim.result(PATIENCE_S)) == 1
    assert len(free) >= 40


def test_a_segment_that_is_being_moved_is_not_claimed(
    jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock, pool: ThreadPoolExecutor
) -> None:
    new_job(jobs, clock)
    preparation = claimed(queue.claim_preparation())
    queue.save(preparation, preparation.job, add=[stored(0)])
    with segments_unwritable(engine) as looker:
        moving = pool.submit(queue.save, preparation, preparation.job, add=[stored(0, 1)])
        wait_until_blocked(looker, 1)
        assert pool.submit(queue.claim_segments, SECOND).result(PATIENCE_S) == []
    moving.result(PATIENCE_S)
    assert [claim.stored for claim in queue.claim_segments(SECOND)] == [stored(0, 1)]


def test_a_segment_whose_outcome_is_being_recorded_is_not_claimed(
    jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock, pool: ThreadPoolExecutor
) -> None:
    prepared(jobs, queue, clock, 1)
    (late,) = queue.claim_segments(SECOND)
    clock.advance(LEASE_S + 1)
    with segments_unwritable(engine) as looker:
        recording = pool.submit(queue.record, [(late, HAPPY)], MODEL)
        wait_until_blocked(looker, 1)
        assert pool.submit(queue.claim_segments, SECOND).result(PATIENCE_S) == []
    assert recording.result(PATIENCE_S) == 1


def test_writers_of_segments_wait_for_the_job_without_a_deadlock(
    jobs: JobRepository, queue: WorkQueue, engine: Engine, clock: ManualClock, pool: ThreadPoolExecutor
) -> None:
    new_job(jobs, clock)
    preparation = claimed(queue.claim_preparation())
    queue.save(preparation, preparation.job, add=[stored(0)])
    claims = queue.claim_segments(SECOND)
    with segments_unwritable(engine) as looker:
        recording = pool.submit(queue.record, [(claim, HAPPY) for claim in claims], MODEL)
        wait_until_blocked(looker, 1)
        preparing = pool.submit(queue.save, preparation, preparation.job, add=[stored(0)])
        wait_until_blocked(looker, 2)
    assert recording.result(PATIENCE_S) == 1
    preparing.result(PATIENCE_S)
    assert [result.outcome for result in jobs.results(preparation.job.id)] == [HAPPY]


def test_times_are_in_utc_wherever_the_server_is(jobs: JobRepository, engine: Engine, clock: ManualClock) -> None:
    job = new_job(jobs, clock)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} SET timezone = 'Asia/Tokyo'"))
    engine.dispose()
    assert jobs.get(job.id).created_at.isoformat() == "2026-01-01T00:00:00+00:00"


def test_an_idle_transaction_does_not_keep_its_locks(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "30s"
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
        assert connection.scalar(text("SHOW application_name")) == "emoline"
