"""The questions benchmark: the milliseconds of lists with each condition and order, and of insights, over many jobs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np
import uuid_utils
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine, insert, literal, select, text, update

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep
from shared.adapters.clock import SystemClock
from shared.adapters.local_object_store import LocalObjectStore
from shared.db.engine import open_engine
from shared.db.fact_tables import FACTS, METADATA, label_bits
from shared.db.facts import FACTS_VERSION, fact_values
from shared.db.job_repository import SqlJobRepository
from shared.db.rows import job_values, outcome_values, segment_values
from shared.db.schema import migrate
from shared.db.tables import JobRow, SegmentRow
from shared.domain.emotion import EMOTIONS
from shared.domain.job import Job, JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Segment, SegmentOutcome, SegmentResult
from shared.domain.talk import Talk
from shared.findings.facts import collect_facts
from shared.ports import GroupBy, JobFilter, JobOrder, StoredSegment
from shared.ports.job_query import SortKey
from shared.services.job_reader import JobReader
from tests.support.servers.postgres import running_postgres

_TENANT = "default"
_DIFFERENT = 1_000
"""Jobs with figures of their own; the others repeat these, which a database neither knows nor can use."""
_SEGMENTS = 40
_STORED_SEGMENTS = 3
_INSERTED_AT_ONCE = 5_000
_DAYS = 730
_FIRST_DAY = datetime(2024, 12, 1, tzinfo=UTC)
_LIMIT = 50
_COLUMNS = ("database", "jobs", "question", "p50 CPU ms", "p95 CPU ms", "max CPU ms", "p95 ms", "slowest with")
_NO_PARALLEL = "-c max_parallel_workers_per_gather=0"
"""A busy server has no idle cores, and the CPU time of one process is easily read."""

SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
_CUSTOMER = JobFilter(channel="customer", emotion="angry")
FILTERS: Mapping[str, JobFilter] = {
    "none": JobFilter(),
    "anger of the customer in the last quarter": replace(_CUSTOMER, part="last_quarter", min_share=0.5),
    "the same, in hardly any job": replace(_CUSTOMER, part="last_quarter", min_share=0.999),
    "sadness in the whole": JobFilter(emotion="sad", min_share=0.1),
    "alerts": JobFilter(has_alerts=True),
    "corrections": JobFilter(has_corrections=True),
    "name": JobFilter(name="call 77"),
    "recorded in a week": JobFilter(recorded_after=_FIRST_DAY, recorded_before=_FIRST_DAY + timedelta(days=7)),
    "submitted before": JobFilter(created_before=_FIRST_DAY + timedelta(days=30)),
    "metadata": JobFilter(metadata=(("team", "team-7"),)),
    "length": JobFilter(min_length=500 * SAMPLE_RATE),
    "interruptions of the agent": JobFilter(channel="agent", min_interruptions=18),
    "dominant": JobFilter(dominant="sad"),
    "label": JobFilter(label="fearful"),
    "everything": replace(
        _CUSTOMER, min_share=0.05, name="call", has_alerts=True, metadata=(("team", "team-7"),), min_length=1
    ),
}
GROUPS: Mapping[str, GroupBy] = {
    "none": GroupBy(),
    "day": GroupBy("day"),
    "week": GroupBy("week"),
    "role": GroupBy("role"),
    "metadata": GroupBy("metadata", "team"),
}


@dataclass(frozen=True, slots=True)
class QuestionsPlan:
    """The parameters of a run: jobs in each database, and how often each question is asked."""

    postgres_jobs: int = 100_000
    sqlite_jobs: int = 10_000
    times: int = 5


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """Milliseconds of an answer: of this process and the server on a CPU, and by the clock."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class QuestionCost:
    """Milliseconds of lists in one order, or of insights by one group, with each of the conditions in turn.

    `slowest` is the condition whose answer took `max_cpu_ms`.
    """

    database: str
    jobs: int
    question: str
    p50_cpu_ms: float
    p95_cpu_ms: float
    max_cpu_ms: float
    p95_wall_ms: float
    slowest: str


@dataclass(frozen=True, slots=True)
class QuestionsReport:
    """The figures of the questions benchmark."""

    machine: Machine
    times: int
    questions: list[QuestionCost]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        head = {"benchmark": "questions", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        return head | asdict(self)

    def table(self) -> Group:
        """Return a table for the terminal."""
        table = Table(title="Questions", title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for index, column in enumerate(_COLUMNS):
            table.add_column(column, justify="right" if index in (1, 3, 4, 5, 6) else "left")
        for cost in self.questions:
            figures = [
                f"{value:.0f}" for value in (cost.p50_cpu_ms, cost.p95_cpu_ms, cost.max_cpu_ms, cost.p95_wall_ms)
            ]
            table.add_row(cost.database, str(cost.jobs), cost.question, *figures, cost.slowest)
        return Group(table, Text(), Text(f"{self.machine}. Each question: {self.times} times.", style="dim"))


def measure(plan: QuestionsPlan, on_step: OnStep) -> QuestionsReport:
    """Run the benchmark on a Postgres of its own and on SQLite."""
    costs: list[QuestionCost] = []
    with running_postgres() as postgres, TemporaryDirectory(prefix="emoline-bench-") as folder:
        url = postgres.url.update_query_dict({"options": _NO_PARALLEL}).render_as_string(hide_password=False)
        for name, database_url, jobs in (
            ("Postgres", url, plan.postgres_jobs),
            ("SQLite", f"sqlite:///{Path(folder) / 'jobs.db'}", plan.sqlite_jobs),
        ):
            on_step(f"{name}: {jobs} jobs are added", 0, None)
            engine = open_engine(database_url)
            migrate(engine)
            add_jobs(engine, jobs)
            costs += question_costs(engine, name, jobs, plan.times, on_step)
            engine.dispose()
    return QuestionsReport(Machine.current(), plan.times, costs)


def question_costs(engine: Engine, name: str, jobs: int, times: int, on_step: OnStep) -> Iterator[QuestionCost]:
    """Ask each question with each condition in turn."""
    repository = SqlJobRepository(engine, SystemClock()).for_tenant(_TENANT)
    reader = JobReader(repository, LocalObjectStore(Path()))
    clock = CpuClock(engine)
    for question, calls in questions(reader, clock):
        on_step(f"{name}: {question}", 0, None)
        answers = [(answer, each) for _ in range(times) for each, call in calls.items() for answer in call()]
        cpu_ms = [answer.cpu_ms for answer, _ in answers]
        p50, p95 = np.percentile(cpu_ms, [50, 95])
        wall = np.percentile([answer.wall_ms for answer, _ in answers], 95)
        slowest = answers[int(np.argmax(cpu_ms))][1]
        yield QuestionCost(name, jobs, question, float(p50), float(p95), max(cpu_ms), float(wall), slowest)


class CpuClock:
    """The CPU time of this process and of the server's process for its connection, on Linux."""

    def __init__(self, engine: Engine) -> None:
        self._server: Path | None = None
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                self._server = Path(f"/proc/{connection.scalar(text('SELECT pg_backend_pid()'))}/schedstat")

    def milliseconds(self) -> float:
        """Return the CPU time so far."""
        nanoseconds = int(self._server.read_text().split()[0]) if self._server else 0
        return 1000 * time.process_time() + nanoseconds / 1e6

    def time(self, call: Callable[[], Any]) -> tuple[AnswerTime, Any]:
        """Make a call; return its times and its result."""
        began, cpu_began = time.perf_counter(), self.milliseconds()
        result = call()
        return AnswerTime(self.milliseconds() - cpu_began, 1000 * (time.perf_counter() - began)), result


Calls = Mapping[str, Callable[[], list[AnswerTime]]]


def questions(reader: JobReader, clock: CpuClock) -> Iterator[tuple[str, Calls]]:
    """Yield each order of a list and each group of insights, with a call for each condition."""
    for key in SORT_KEYS:
        for descending in (True, False):
            order = JobOrder(key, descending)
            yield (
                f"list by {'-' if descending else ''}{key}",
                {
                    name: partial(two_pages, reader, clock, with_channel(job_filter, key), order)
                    for name, job_filter in FILTERS.items()
                    if key != "share" or job_filter.emotion
                },
            )
    for group, group_by in GROUPS.items():
        calls = {name: partial(insight_times, reader, clock, FILTERS[name], group_by) for name in FILTERS}
        yield f"insights by {group}", calls


def with_channel(job_filter: JobFilter, key: SortKey) -> JobFilter:
    """Return the filter with a channel, where jobs are sorted by a figure that only a channel has."""
    if key in ("interruptions", "talk_share") and job_filter.channel is None:
        return replace(job_filter, channel="agent")
    return job_filter


def two_pages(reader: JobReader, clock: CpuClock, job_filter: JobFilter, order: JobOrder) -> list[AnswerTime]:
    """Load the first page, and the one behind it where there is one."""
    load = partial(reader.page, limit=_LIMIT, job_filter=job_filter, order=order)
    first_time, first = clock.time(partial(load, after=None))
    if first.next_cursor is None:
        return [first_time]
    second_time, _ = clock.time(partial(load, after=first.next_cursor))
    return [first_time, second_time]


def insight_times(reader: JobReader, clock: CpuClock, job_filter: JobFilter, group_by: GroupBy) -> list[AnswerTime]:
    """Load insights."""
    answer, _ = clock.time(partial(reader.insights, job_filter, group_by))
    return [answer]


def add_jobs(engine: Engine, number: int) -> None:
    """Insert jobs that have succeeded, with their facts, their metadata and a few of their segments."""
    rng = random.Random(20)
    for start in range(0, number, _INSERTED_AT_ONCE):
        jobs = [_job(index, rng) for index in range(start, min(start + _INSERTED_AT_ONCE, number))]
        with engine.begin() as connection:
            rows = [{"id": job.id, **job_values(job), "facts_version": FACTS_VERSION} for job in jobs]
            connection.execute(insert(JobRow), [row | {"served": start + index} for index, row in enumerate(rows)])
            connection.execute(
                insert(METADATA),
                [
                    {"job_id": job.id, "tenant": job.tenant, "key": key, "value": value}
                    for job in jobs
                    for key, value in job.options.metadata.items()
                ],
            )
            connection.execute(insert(SegmentRow), [row for job in jobs for row in _segment_rows(job, rng)])
            if start == 0:
                templates = [_facts(job, rng) for job in jobs[:_DIFFERENT]]
                connection.execute(insert(FACTS), [row for rows in templates for row in rows])
    with engine.begin() as connection:
        connection.execute(_copies_of_facts())
        connection.execute(update(JobRow).values(served=0))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def _copies_of_facts() -> Any:
    """Return a statement that gives the jobs behind the first ones the facts of these."""
    template = select(JobRow.id, JobRow.served).where(JobRow.served < _DIFFERENT).subquery()
    columns = [column for column in FACTS.c if column.name != "job_id"]
    rows = (
        select(JobRow.id, *columns)
        .select_from(JobRow)
        .join(template, template.c.served == JobRow.served % literal(_DIFFERENT))
        .join(FACTS, FACTS.c.job_id == template.c.id)
        .where(JobRow.served >= _DIFFERENT)
    )
    return insert(FACTS).from_select(["job_id", *(column.name for column in columns)], rows, include_defaults=False)


def _job(index: int, rng: random.Random) -> Job:
    day = _FIRST_DAY + timedelta(days=index % _DIFFERENT % _DAYS, seconds=index % 80_000)
    length = rng.randrange(60, 600) * SAMPLE_RATE
    recording = Recording(
        f"Call {index}.wav", 10**6, "0" * 64, "x", "opus", 48_000, 2, length, roles=("agent", "customer")
    )
    options = JobOptions(channels="split", metadata={"team": f"team-{rng.randrange(40)}", "case": str(index)})
    job = Job(f"job_{uuid_utils.uuid7()}", recording, options, day, _TENANT, state=JobState.SUCCEEDED)
    dominant = rng.choices(EMOTIONS, [3, 1, 1, 5, 60, 4, 4, 1, 1])[0]
    talk = (Talk(0, rng.random(), rng.randrange(20)), Talk(1, rng.random(), rng.randrange(20)))
    return job.evolve(dominant=dominant, prepared=length, speech=length, started_at=day, finished_at=day, talk=talk)


def _facts(job: Job, rng: random.Random) -> list[dict[str, Any]]:
    """The facts of a job whose turns have emotions by chance, of which some prevail in each job."""
    weights = [rng.random() ** 4 for _ in EMOTIONS]
    turn = job.prepared // _SEGMENTS
    results = []
    for index in range(_SEGMENTS):
        emotion = rng.choices(EMOTIONS, weights)[0]
        segment = Segment(index, index % 2, index * turn, (index + 1) * turn, turn)
        results.append(SegmentResult(segment, SegmentOutcome.scored({emotion: 1.0})))
    corrected, alerts = int(rng.random() < 0.02), int(rng.random() < 0.05)
    labels = label_bits({result.outcome.emotion for result in results})
    rows = [fact_values(job, facts) for facts in collect_facts(job, results)]
    return [row | {"corrected": corrected, "alerts": alerts, "labels": labels} for row in rows]


def _segment_rows(job: Job, rng: random.Random) -> Sequence[dict[str, Any]]:
    turn = 10 * SAMPLE_RATE
    rows = []
    for index in range(_STORED_SEGMENTS):
        emotion = rng.choices(EMOTIONS, [3, 1, 1, 5, 60, 4, 4, 1, 1])[0]
        stored = StoredSegment(Segment(index, index % 2, index * turn, (index + 1) * turn, turn), "x")
        values = segment_values(stored) | outcome_values(SegmentOutcome.scored({emotion: 1.0}))
        rows.append({"job_id": job.id, "index": index, "attempts": 1, "fence": 1, **values})
    return rows
