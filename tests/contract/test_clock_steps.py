"""Clocks that are an hour wrong, or step by an hour: leases run on the database's, and no outcome is recorded twice."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from shared.db.work_queue import SqlWorkQueue
from shared.ports import JobRepository, WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, LEASE_S, MODEL, SECOND, prepared

HOUR_S = 3600.0
ALL = 100 * SECOND


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_on_a_server_the_clocks_of_the_machines_do_not_matter(
    engine: Engine, jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    fast, slow = ManualClock(), ManualClock()
    fast.advance(HOUR_S)
    slow.advance(-HOUR_S)
    ahead, behind = (SqlWorkQueue(engine, machine, LEASE_S) for machine in (fast, slow))
    prepared(jobs, queue, clock, 3)
    claims = behind.claim_segments(ALL)
    assert len(claims) == 3
    fast.advance(HOUR_S)  # a step
    assert ahead.claim_segments(ALL) == []
    slow.advance(-HOUR_S)
    behind.renew_segments(claims)
    clock.advance(LEASE_S + 1)  # the database's
    assert len(ahead.claim_segments(ALL)) == 3
    assert behind.record([(claim, HAPPY) for claim in claims], MODEL) == 0


def test_a_step_of_the_clock_that_leases_run_on_costs_time_and_no_outcome(
    jobs: JobRepository, queue: WorkQueue, clock: ManualClock
) -> None:
    job = prepared(jobs, queue, clock, 2)
    (first,) = queue.claim_segments(SECOND)
    clock.advance(HOUR_S)
    again = queue.claim_segments(ALL)  # the lease has ended at once
    assert again[0].stored == first.stored
    assert queue.record([(first, HAPPY)], MODEL) == 0
    clock.advance(-HOUR_S)
    assert queue.claim_segments(ALL) == []  # these leases last an hour longer
    assert queue.record([(claim, HAPPY) for claim in again], MODEL) == 2
    assert [result.outcome for result in jobs.results(job.id)] == [HAPPY, HAPPY]
    left = prepared(jobs, queue, clock, 1)
    assert len(queue.claim_segments(ALL)) == 1  # by a worker that dies
    clock.advance(-HOUR_S)
    assert queue.claim_segments(ALL) == []
    clock.advance(HOUR_S + LEASE_S + 1)
    assert [claim.job_id for claim in queue.claim_segments(ALL)] == [left.id]
