"""The turns of segments with many jobs: which jobs a claim looks at, which segments it locks, and in which order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, insert, select, text
from sqlalchemy.orm import Session

from shared.db.rows import job_values, segment_values
from shared.db.sessions import database_clock
from shared.db.tables import JobRow, SegmentRow
from shared.db.turns import SegmentTurns, jobs_in_turn
from shared.domain.job import Job, JobState
from shared.domain.options import PRIORITIES, JobOptions, Priority
from shared.domain.recording import Recording
from shared.domain.segment import SegmentStatus
from shared.ports import WorkQueue
from tests.support.clock import ManualClock
from tests.support.stored_jobs import HAPPY, LEASE_S, MODEL, SECOND, stored

RECORDING = Recording("call.mp3", 10, "ab", "jobs/x/source")
FREE, EXPIRED, LEASED, ANALYSED = "free", "expired", "leased", "analysed"
LEASES_S = {EXPIRED: -1.0, LEASED: LEASE_S}


@dataclass(frozen=True)
class StoredJob:
    """A job in the tables: what decides on its turn."""

    number: int
    segments: tuple[str, ...] = (FREE,)
    tenant: str = "a"
    priority: Priority = "normal"
    state: JobState = JobState.INFERRING
    served: int = 0
    seconds: int = 10

    @property
    def id(self) -> str:
        return f"job_{self.number:03}"

    @property
    def free(self) -> list[int]:
        return [index for index, kind in enumerate(self.segments) if kind in (FREE, EXPIRED)]

    @property
    def in_turn(self) -> bool:
        return self.state in (JobState.PREPARING, JobState.INFERRING) and bool(self.free)


@st.composite
def stored_jobs(draw: st.DrawFn) -> list[StoredJob]:
    jobs = st.builds(
        StoredJob,
        st.just(0),
        st.lists(st.sampled_from([FREE, FREE, EXPIRED, LEASED, ANALYSED]), max_size=5).map(tuple),
        st.sampled_from("abcde"),
        st.sampled_from(PRIORITIES),
        st.sampled_from(
            [JobState.QUEUED, JobState.PREPARING, JobState.INFERRING, JobState.INFERRING, JobState.CANCELED]
        ),
        st.integers(0, 3),
    )
    return [replace(job, number=number) for number, job in enumerate(draw(st.lists(jobs, max_size=25)))]


def write_jobs(engine: Engine, clock: ManualClock, jobs: list[StoredJob]) -> None:
    """Replace all jobs of the database."""
    job_rows: list[dict[str, Any]] = []
    segment_rows: list[dict[str, Any]] = []
    for job in jobs:
        domain_job = Job(job.id, RECORDING, JobOptions(priority=job.priority), clock.now(), job.tenant, state=job.state)
        finished_at = clock.now() if job.state.terminal else None
        job_rows.append(job_values(domain_job) | {"id": job.id, "served": job.served, "finished_at": finished_at})
        for index, kind in enumerate(job.segments):
            row = segment_values(stored(index, 20 * index, job.seconds)) | {"job_id": job.id, "index": index}
            row["status"] = SegmentStatus.OK.value if kind == ANALYSED else SegmentStatus.PENDING.value
            row["lease_until"] = clock.now() + timedelta(seconds=LEASES_S[kind]) if kind in LEASES_S else None
            segment_rows.append(row)
    with engine.begin() as connection:
        connection.execute(delete(SegmentRow))
        connection.execute(delete(JobRow))
        if job_rows:
            connection.execute(insert(JobRow), job_rows)
        if segment_rows:
            connection.execute(insert(SegmentRow), segment_rows)


def ranked(jobs: list[StoredJob]) -> list[tuple[int, int, int, str, int, int]]:
    """Turn, priority, `served`, id, and the first and the last free segment of the jobs in turn, by plain sorting."""
    by_tenant: defaultdict[str, list[StoredJob]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: (-PRIORITIES.index(job.priority), job.served, job.id)):
        if job.in_turn:
            by_tenant[job.tenant].append(job)
    return sorted(
        (turn, PRIORITIES.index(job.priority), job.served, job.id, job.free[0], job.free[-1])
        for of_tenant in by_tenant.values()
        for turn, job in enumerate(of_tenant)
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(jobs=stored_jobs(), number=st.integers(1, 25))
def test_the_turns_are_those_of_plain_sorting(
    engine: Engine, clock: ManualClock, jobs: list[StoredJob], number: int
) -> None:
    write_jobs(engine, clock, jobs)
    query = jobs_in_turn(database_clock(engine, clock)())
    with Session(engine) as session:
        expected = ranked(jobs)
        for most in (number, 256):
            rows = session.execute(query, {"number": most}).all()
            turns = sorted((row.turn, row.priority, row.served, row.id, row.first, row.last) for row in rows)
            assert set(turns) <= set(expected)
            assert [turn for turn, *_ in turns] == [turn for turn, *_ in expected[:most]]


def test_of_more_tenants_than_a_claim_looks_at_those_come_first_that_have_had_least(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    jobs = [StoredJob(number, tenant=f"tenant-{number:03}", served=1000 - number) for number in range(300)]
    write_jobs(engine, clock, jobs)
    batch = queue.claim_segments(100 * SECOND)
    assert [claim.job_id for claim in batch] == [job.id for job in jobs[:-11:-1]]


def test_jobs_without_free_segments_do_not_hide_those_behind_them(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    states = [JobState.QUEUED, JobState.PREPARING, JobState.INFERRING]
    kinds: list[tuple[str, ...]] = [(), (LEASED,) * 3, (ANALYSED,) * 3]
    blocked = [StoredJob(number, kinds[number % 3], state=states[number // 3 % 3]) for number in range(300)]
    waiting = [StoredJob(number, served=number) for number in range(300, 310)]
    write_jobs(engine, clock, [job for job in blocked if not job.in_turn] + waiting)
    assert [claim.job_id for claim in queue.claim_segments(50 * SECOND)] == [job.id for job in waiting[:5]]


def test_a_claim_of_short_segments_is_full_though_it_takes_more_jobs_than_usual(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    write_jobs(engine, clock, [StoredJob(number, tenant="ab"[number % 2], seconds=1) for number in range(120)])
    assert len({claim.job_id for claim in queue.claim_segments(100 * SECOND)}) == 100
    assert len(queue.claim_segments(100 * SECOND)) == 20


def test_each_tenant_has_its_share_though_they_are_more_than_the_usual_jobs_of_a_claim(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    crowds = [StoredJob(number, tenant=f"tenant-{number % 39}", seconds=2) for number in range(39 * 5)]
    long = StoredJob(500, (FREE,) * 10, tenant="long", served=1000, seconds=2)
    write_jobs(engine, clock, [*crowds, long])
    tenants = {job.id: job.tenant for job in [*crowds, long]}
    segments = Counter(tenants[claim.job_id] for claim in queue.claim_segments(100 * SECOND))
    assert len(segments) == 40
    assert segments.total() == 50


def test_a_claim_from_many_tenants_takes_all_of_its_segments_from_one_job_of_each(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    jobs = [StoredJob(number, (FREE,) * 10, tenant=f"tenant-{number % 20}") for number in range(100)]
    write_jobs(engine, clock, jobs)
    segments = Counter(claim.job_id for claim in queue.claim_segments(800 * SECOND))
    assert segments == {job.id: 4 for job in jobs[:20]}


def test_the_most_segments_of_a_claim_are_shared_evenly_too(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    write_jobs(engine, clock, [StoredJob(job, (FREE,) * 20, tenant=f"tenant-{job}", seconds=8) for job in range(32)])
    segments = Counter(claim.job_id for claim in queue.claim_segments(2560 * SECOND))
    assert set(segments.values()) == {8}
    assert len(segments) == 32


def test_a_claim_has_no_more_segments_than_the_most(engine: Engine, clock: ManualClock, queue: WorkQueue) -> None:
    write_jobs(engine, clock, [StoredJob(number, (FREE,) * 2, seconds=1) for number in range(200)])
    assert len(queue.claim_segments(10**6 * SECOND)) == 256
    assert len(queue.claim_segments(10**6 * SECOND)) == 144


def test_only_the_free_segments_of_a_job_are_claimed_in_their_order(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    kinds = [FREE, LEASED, EXPIRED, ANALYSED, LEASED, FREE]
    jobs = [StoredJob(number, tuple(kinds * 8)) for number in range(3)]
    write_jobs(engine, clock, jobs)
    claims = queue.claim_segments(10**6 * SECOND)
    for job in jobs:
        assert [claim.stored.segment.index for claim in claims if claim.job_id == job.id] == job.free
    assert queue.claim_segments(SECOND) == []


def test_long_jobs_of_a_tenant_share_a_claim_evenly(engine: Engine, clock: ManualClock, queue: WorkQueue) -> None:
    write_jobs(engine, clock, [StoredJob(number, (FREE,) * 40) for number in range(6)])
    for _ in range(2):
        batch = queue.claim_segments(600 * SECOND)
        assert set(Counter(claim.job_id for claim in batch).values()) == {10}
        queue.record([(claim, HAPPY) for claim in batch], MODEL)


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


@pytest.mark.parametrize(("number", "segments"), [(250, 1), (60, 5), (30, 40), (1, 100)])
@pytest.mark.parametrize("tenants", [1, 7])
def test_a_claim_takes_few_statements_however_many_jobs_share_it(
    engine: Engine, clock: ManualClock, queue: WorkQueue, number: int, segments: int, tenants: int
) -> None:
    jobs = [StoredJob(job, (FREE,) * segments, tenant=f"tenant-{job % tenants}") for job in range(number)]
    write_jobs(engine, clock, jobs)
    with counted_statements(engine) as statements:
        assert len(queue.claim_segments(640 * SECOND)) == 64
    assert len(statements) <= 10


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_locks_few_segments_of_many_jobs(engine: Engine, clock: ManualClock) -> None:
    write_jobs(engine, clock, [StoredJob(number, (FREE,) * 5, tenant="abc"[number % 3]) for number in range(60)])
    with Session(engine) as claimer, engine.connect() as looker:
        batch = SegmentTurns(database_clock(engine, clock)).share_out(claimer, 200 * SECOND)
        unlocked = looker.execute(select(SegmentRow.index).with_for_update(skip_locked=True)).all()
    assert len(batch) == 20
    assert len(unlocked) >= 300 - 30


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_finds_free_segments_behind_many_that_others_have_locked(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    write_jobs(engine, clock, [StoredJob(number, tenant="ab"[number % 2]) for number in range(40)])
    with engine.begin() as others:
        others.execute(text("SELECT 1 FROM segments WHERE job_id < 'job_030' FOR UPDATE"))
        claims = queue.claim_segments(100 * SECOND)
    assert sorted(claim.job_id for claim in claims) == [f"job_{number:03}" for number in range(30, 40)]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_that_was_overtaken_takes_the_next_segments_in_few_statements(
    engine: Engine, clock: ManualClock, queue: WorkQueue
) -> None:
    write_jobs(engine, clock, [StoredJob(number, (FREE,) * 5, tenant="ab"[number % 2]) for number in range(60)])
    with engine.begin() as others:
        others.execute(text("SELECT 1 FROM segments WHERE index = 0 FOR UPDATE"))
        with counted_statements(engine) as statements:
            claims = queue.claim_segments(400 * SECOND)
    assert len(claims) == 40
    by_job: dict[str, list[int]] = {}
    for claim in claims:
        by_job.setdefault(claim.job_id, []).append(claim.stored.segment.index)
    assert all(indexes == [*range(1, 1 + len(indexes))] for indexes in by_job.values())
    assert len(statements) <= 10
