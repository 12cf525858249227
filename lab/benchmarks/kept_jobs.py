"""`python -m lab.benchmarks.kept_jobs`: the milliseconds of claims, lists, sweeps and deletions over many kept jobs.

Postgres fills itself: the rows are copies of one job, with ids in the order of time. Then a week passes in fast motion:
each day the oldest jobs are deleted as by retention and others added, with autovacuum alone to clean up; and all is
measured again. CPU time and the blocks that Postgres reads depend on a busy machine less than milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert, text

from lab.benchmarks.claims import SEGMENT, Backlog, add_jobs
from lab.benchmarks.machine import Machine
from lab.benchmarks.service.stack import cpu_s
from shared.adapters.clock import SystemClock
from shared.db.backlog import SqlBacklog
from shared.db.engine import open_engine
from shared.db.facts import FACTS_VERSION
from shared.db.housekeeping import SqlHousekeeping
from shared.db.job_repository import SqlJobRepository
from shared.db.rows import job_values, outcome_values, segment_values
from shared.db.schema import migrate
from shared.db.tables import JobRow, SegmentRow
from shared.db.work_queue import SqlWorkQueue
from shared.domain.emotion import EMOTIONS
from shared.domain.job import Job, JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Segment, SegmentOutcome
from shared.ports import JobFilter, JobOrder, StoredSegment
from tests.support.servers.postgres import running_postgres

_TENANTS = 20
_TIMES = 30
_DAYS = 7
_LIMIT = 50
_AT_ONCE = 8
_ADDED_AT_ONCE = 20_000
_SCORES = {emotion: 1 / len(EMOTIONS) for emotion in EMOTIONS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="kept jobs that have ended")
    parser.add_argument("--segments", type=int, default=10, help="segments of each")
    parser.add_argument("--waiting", type=int, default=10_000, help="jobs that wait for the model")
    parser.add_argument("--churn", type=int, default=20_000, help="jobs that are deleted in a day, and as many added")
    options = parser.parse_args()
    with running_postgres(durable=True) as postgres:
        engine = open_engine(postgres.url.render_as_string(hide_password=False))
        migrate(engine)
        began = time.perf_counter()
        add_jobs(
            engine, Backlog(options.waiting, 3, _TENANTS), JobState.INFERRING
        )  # gives segments to all that are there
        fill(engine, options.jobs, options.segments)
        vacuum(engine)
        figures = {"filled in s": round(time.perf_counter() - began), "size": sizes(engine), "calls": measure(engine)}
        figures["days"] = [churn(engine, options.churn, options.segments) for _ in range(_DAYS)]
        figures["calls after"] = measure(engine)
        engine.dispose()
    print(
        json.dumps({"machine": str(Machine.current()), "load": os.getloadavg(), **vars(options), **figures}, indent=1)
    )


def fill(engine: Engine, jobs: int, segments: int, oldest_s: int = 10**6) -> None:
    """Insert ended jobs with analysed segments; the first of them was submitted `oldest_s` seconds ago."""
    now = SystemClock().now()
    recording = Recording("call.opus", 30_000, "0" * 64, "x", "opus", 48_000, 2, segments * SEGMENT)
    job = Job("template", recording, JobOptions(), now, "tenant-0", state=JobState.SUCCEEDED)
    job = replace(job, prepared=segments * SEGMENT, speech=segments * SEGMENT, started_at=now, finished_at=now)
    stored = segment_values(StoredSegment(Segment(0, 0, 0, SEGMENT, SEGMENT, ()), "x"))
    outcome = outcome_values(SegmentOutcome.scored(_SCORES))
    with engine.begin() as connection:
        connection.execute(
            insert(JobRow), {"id": "template", **job_values(job), "served": 0, "facts_version": FACTS_VERSION}
        )
        connection.execute(insert(SegmentRow), {"job_id": "template", "index": 0, **stored, **outcome, "attempts": 1})
    for start in range(0, jobs, _ADDED_AT_ONCE):
        number = min(_ADDED_AT_ONCE, jobs - start)
        age_s = oldest_s * (1 - start / jobs)
        with engine.begin() as connection:
            connection.execute(text(_NEW_IDS), {"number": number, "age": age_s, "step": oldest_s / jobs})
            connection.execute(text(_COPIES_OF_JOB))
            connection.execute(text(_COPIES_OF_SEGMENT), {"segments": segments, "length": SEGMENT})
            connection.execute(text("DROP TABLE added"))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM jobs WHERE id = 'template'"))


def vacuum(engine: Engine) -> None:
    """Clean up after the first rows, and let the database count them for its plans."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _copy(table: Any, changed: dict[str, str], source: str) -> str:
    columns = [column.name for column in table.__table__.columns]
    values = [changed.get(name, f't."{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table.__tablename__} ({names}) SELECT {', '.join(values)} FROM {source}"


_NEW_IDS = (
    "CREATE TEMP TABLE added AS SELECT n, 'job_' || uuidv7("
    "make_interval(secs => -(CAST(:age AS double precision) - n * CAST(:step AS double precision)))) AS id "
    "FROM generate_series(1, CAST(:number AS integer)) n"
)
_COPIES_OF_JOB = _copy(
    JobRow,
    {
        "id": "a.id",
        "tenant": f"'tenant-' || (a.n % {_TENANTS})",
        "name": "'call ' || a.n || '.opus'",
        "length": "t.length + a.n",
    },
    "added a, jobs t WHERE t.id = 'template'",
)
_COPIES_OF_SEGMENT = _copy(
    SegmentRow,
    {
        "job_id": "a.id",
        "index": "i",
        "start": "i * CAST(:length AS bigint)",
        "end": "(i + 1) * CAST(:length AS bigint)",
    },
    "added a, generate_series(0, CAST(:segments AS integer) - 1) i, (SELECT CAST(:length AS bigint) AS length) n, "
    "segments t WHERE t.job_id = 'template'",
)


def measure(engine: Engine) -> dict[str, dict[str, float]]:
    """Return the costs of the calls that users and workers wait for, by name."""
    clock = SystemClock()
    queue, housekeeping = SqlWorkQueue(engine, clock, 3600.0), SqlHousekeeping(engine, clock)
    jobs, backlog = SqlJobRepository(engine, clock), SqlBacklog(engine, clock)
    mine = jobs.for_tenant("tenant-3")
    page = partial(mine.page, limit=_LIMIT, after=None)
    middle = mine.page(limit=_LIMIT, after=None, job_filter=JobFilter()).next_cursor
    some_job = mine.page(limit=1, after=None, job_filter=JobFilter()).jobs[0].id
    calls: dict[str, Callable[[], Any]] = {
        "claim_segments, 640 s": lambda: queue.release_segments(queue.claim_segments(640 * SAMPLE_RATE)),
        "claim_preparation": queue.claim_preparation,
        "claim_finish": queue.claim_finish,
        "poll": lambda: jobs.get(some_job),
        "list": lambda: page(job_filter=JobFilter()),
        "list, second page": lambda: mine.page(limit=_LIMIT, after=middle, job_filter=JobFilter()),
        "list, succeeded": lambda: page(job_filter=JobFilter(status=JobState.SUCCEEDED.status)),
        "list, failed": lambda: page(job_filter=JobFilter(status=JobState.FAILED.status)),
        "list by name": lambda: page(job_filter=JobFilter(), order=JobOrder("name", descending=False)),
        "list, name contains": lambda: page(job_filter=JobFilter(name="call 77")),
        "sweep": lambda: sweep(housekeeping),
        "metrics": lambda: (backlog.waiting(), backlog.undeleted_since()),
    }
    return {name: _cost(engine, call) for name, call in calls.items()}


def sweep(housekeeping: SqlHousekeeping) -> None:
    """The queries of a sweep that has nothing to do."""
    housekeeping.overdue()
    housekeeping.mark_segments_done()
    housekeeping.claimable()
    housekeeping.audio_expired()
    housekeeping.expired()
    housekeeping.purgeable(60.0)
    housekeeping.renew_facts()


def _cost(engine: Engine, call: Callable[[], Any]) -> dict[str, float]:
    """Return the cost of a call: milliseconds by the clock, of CPU here and in Postgres, and blocks Postgres reads."""
    _, few = _use(engine, call, 1)
    times_ms, many = _use(engine, call, 1 + _TIMES)
    here, server, blocks = ((more - less) / _TIMES for more, less in zip(many, few, strict=True))
    p50, p99 = np.percentile(times_ms[1:], [50, 99])
    costs = {"p50 ms": p50, "p99 ms": p99, "CPU ms": 1000 * here, "Postgres CPU ms": 1000 * server, "blocks": blocks}
    return {name: round(float(cost), 1) for name, cost in costs.items()}


def _use(engine: Engine, call: Callable[[], Any], times: int) -> tuple[list[float], list[float]]:
    """Call on new connections; return the milliseconds of each call, and the CPU seconds and blocks of all.

    Postgres counts the blocks of a connection when it is closed. The cost of the connection itself is in the figures.
    """
    engine.dispose()
    before, times_ms = _used(engine), []
    for _ in range(times):
        began = time.perf_counter()
        call()
        times_ms.append(1000 * (time.perf_counter() - began))
    engine.dispose()
    return times_ms, [after - before for before, after in zip(before, _used(engine), strict=True)]


def _used(engine: Engine) -> list[float]:
    """Return the CPU seconds so far of this process and of Postgres, and the blocks that Postgres has read."""
    query = text("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")
    with engine.connect() as connection:
        blocks = connection.scalar(query)
    return [time.process_time(), cpu_s()["Postgres"], float(blocks or 0)]


def churn(engine: Engine, number: int, segments: int) -> dict[str, Any]:
    """Delete the oldest jobs as the sweep does, and add as many; return the speed, and the sizes of the tables then."""
    jobs, housekeeping = SqlJobRepository(engine, SystemClock()), SqlHousekeeping(engine, SystemClock())
    oldest = text("SELECT id FROM jobs WHERE state = 'succeeded' ORDER BY id LIMIT :number")
    with engine.connect() as connection:
        ids = list(connection.scalars(oldest, {"number": number}))
    began = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(jobs.delete, ids))
        deleted_s = time.perf_counter() - began
        list(threads.map(housekeeping.mark_purged, ids))
    fill(engine, number, segments, oldest_s=60)
    return {"deleted per s": round(number / deleted_s), "size": sizes(engine)}


def sizes(engine: Engine) -> dict[str, Any]:
    """Return the megabytes of the tables with their indexes, and their dead rows."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT relname, pg_total_relation_size(relid) / 1000000, n_dead_tup FROM pg_stat_user_tables")
        )
        return {name: [int(size), dead] for name, size, dead in rows if size}


if __name__ == "__main__":
    main()
