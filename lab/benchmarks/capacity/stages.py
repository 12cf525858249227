"""The stages of the service on recordings of one length, with everything that they use."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import cast

from sqlalchemy import URL, Engine, func, inspect, select, table, text

from lab.benchmarks.feed.bench import STORES, run_feeders
from lab.benchmarks.feed.slow_store import SlowStore
from lab.benchmarks.rounds import OnStep
from lab.benchmarks.service.stack import cpu_s
from lab.capacity.constants import Usage
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_ports
from shared.db.engine import autocommit, open_engine
from shared.db.schema import migrate
from shared.domain.options import JobOptions
from shared.ports import ObjectStore
from shared.settings import Settings
from tests.support.servers.postgres import new_database
from worker.container import finish_work, prepare_work
from worker.pipeline_builder import build_decoder

_RATE = 8000
"""Seconds of sound per second of the simulated device."""


@dataclass(frozen=True, slots=True)
class StageRun:
    """The usage of `jobs` recordings of `hours` each together; requests and bytes to the store by kind."""

    jobs: int
    hours: float
    usage: Usage
    requests: dict[str, int]
    request_bytes: dict[str, int]


def run_stages(server: URL, recording: Path, hours: float, jobs: int, on_step: OnStep) -> StageRun:
    """Submit a recording `jobs` times and run every stage until all are done.

    The database and the folder are its own.
    """
    title = f"{jobs} recordings of {60 * hours:.0f} minutes"
    with new_database(server) as url, TemporaryDirectory(prefix="emoline-bench-") as name:
        engine = open_engine(url)
        migrate(engine)
        settings = Settings(data_dir=Path(name), database_url=url)
        before, wal_before = _Snapshot.take(engine), _wal_bytes(engine)
        with open_ports(settings, LocalWakeUps()) as ports:
            store = SlowStore(ports.object_store)
            services = build_services(replace(ports, object_store=cast(ObjectStore, store)))
            cpu = _Cpu()
            on_step(f"{title}: prepare", 0, None)
            for _ in range(jobs):
                _submit(services, recording)
            cpu.lap("submit")
            prepare = prepare_work(services, build_decoder(settings), Event())
            while prepare.run_once():
                pass
            cpu.lap("prepare")
            on_step(f"{title}: infer", 0, None)
            (feeder,), _ = run_feeders(settings, STORES[0], 1, _RATE)
            cpu.lap("infer")
            on_step(f"{title}: finish", 0, None)
            finish = finish_work(services)
            while finish.run_once():
                pass
            cpu.lap("finish")
            sizes = ports.object_store.sizes("jobs/")
        wal_bytes = _wal_bytes(engine) - wal_before
        after = _Snapshot.take(engine)
        engine.dispose()
    requests = store.requests + Counter(feeder["requests"])
    request_bytes = store.request_bytes + Counter(feeder["request_bytes"])
    usage = Usage(
        decode_cpu_s=cpu.of("prepare", "other"),
        cut_cpu_s=cpu.of("prepare", "self"),
        feed_cpu_s=feeder["cpu_s"],
        finish_cpu_s=cpu.of("finish", "self"),
        postgres_cpu_s=sum(cpu.of(lap, "Postgres") for lap in ("submit", "prepare", "infer", "finish")),
        rows=after.rows - before.rows,
        table_bytes=after.table_bytes - before.table_bytes,
        index_bytes=after.index_bytes - before.index_bytes,
        wal_bytes=wal_bytes,
        objects=len(sizes),
        object_bytes=sum(sizes.values()),
        reads=_total(requests, "read"),
        writes=_total(requests, "write"),
        read_bytes=_total(request_bytes, "read"),
        written_bytes=_total(request_bytes, "write"),
    )
    return StageRun(jobs, hours, usage, dict(requests), dict(request_bytes))


def _submit(services: Services, recording: Path) -> None:
    with services.submission.begin() as upload:
        upload.write(recording.read_bytes())
        upload.commit(recording.name, JobOptions())


def _total(by_kind: Counter[str], verb: str) -> int:
    return sum(number for kind, number in by_kind.items() if kind.startswith(verb))


class _Cpu:
    """CPU seconds of this process and of its children by part, lap by lap."""

    def __init__(self) -> None:
        self._laps: dict[str, dict[str, float]] = {}
        self._before = self._now()

    def lap(self, name: str) -> None:
        """Give what was used since the last lap to `name`."""
        present = self._now()
        self._laps[name] = {part: seconds - self._before.get(part, 0.0) for part, seconds in present.items()}
        self._before = present

    def of(self, lap: str, part: str) -> float:
        return self._laps[lap].get(part, 0.0)

    @staticmethod
    def _now() -> dict[str, float]:
        return {**cpu_s(), "self": time.process_time()}


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The size of a database without dead rows."""

    rows: int
    table_bytes: int
    index_bytes: int

    @classmethod
    def take(cls, engine: Engine) -> _Snapshot:
        names = inspect(engine).get_table_names()
        with autocommit(engine).connect() as connection:
            connection.execute(text("VACUUM FULL"))

            def total(query: str) -> int:
                return sum(connection.scalar(text(query), {"name": name}) for name in names)

            return cls(
                sum(connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names),
                total("SELECT pg_table_size(cast(:name AS regclass))"),
                total("SELECT pg_indexes_size(cast(:name AS regclass))"),
            )


def _wal_bytes(engine: Engine) -> int:
    """Return the bytes that the server has logged so far."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) or 0)
