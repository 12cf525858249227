"""What a second infer worker brings: short jobs that are all prepared, analysed by one and by two."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, func, select, update

from lab.benchmarks.rounds import OnStep, in_turn
from lab.benchmarks.service.plain import seconds_of
from lab.benchmarks.service.sounds import write_sound
from lab.benchmarks.service.stack import Stack, stack
from shared.adapters.celery_wake_ups import CeleryWakeUps, celery_app
from shared.db.engine import open_engine
from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.segment import SegmentStatus
from shared.ports import Queue

_LENGTHS_S = (5, 6, 7, 8, 9, 10)
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Scaling:
    """Seconds of each round for `jobs` of a segment each: through the service with one and two infer workers of a
    thread each, and for as many processes that do nothing but run the model on the same sound.

    `again` counts the executions of segments beyond one each, of all rounds.
    """

    jobs: int
    service_s: dict[int, list[float]]
    model_s: dict[int, list[float]]
    again: int

    @property
    def ratio(self) -> float:
        return _ratio(self.service_s)

    @property
    def machine_ratio(self) -> float:
        """What the machine has to give: two processes on its cores are each slower than one."""
        return _ratio(self.model_s)


def _ratio(by_number: dict[int, list[float]]) -> float:
    return float(np.median(np.array(by_number[1]) / np.array(by_number[2])))


def scaling(jobs: int, rounds: int, on_step: OnStep) -> Scaling:
    with stack(**_ONE_THREAD) as servers:
        files = [write_sound(servers.folder / f"{length}.opus", length) for length in _LENGTHS_S]
        sent = [files[number % len(files)] for number in range(jobs)]
        on_step(f"preparing {jobs} jobs", 0, None)
        with _database(servers) as engine:
            work = _Work(servers, engine, sent)
            work.prepare()
            parts = {f"{number} infer workers": partial(work.service_s, number) for number in (1, 2)}
            parts |= {f"{number} times the model": partial(work.model_s, number) for number in (1, 2)}
            found = {name: values.tolist() for name, values in in_turn(parts, rounds, on_step).items()}
            one, two, model_one, model_two = found.values()
            return Scaling(jobs, {1: one, 2: two}, {1: model_one, 2: model_two}, work.again)


@contextmanager
def _database(servers: Stack) -> Iterator[Engine]:
    engine = open_engine(servers.environment["EMOLINE_DATABASE_URL"])
    yield engine
    engine.dispose()


class _Work:
    """Jobs over and over again."""

    def __init__(self, servers: Stack, engine: Engine, sent: Sequence[Path]) -> None:
        self.again = 0
        self._servers = servers
        self._engine = engine
        self._sent = sent

    def prepare(self) -> None:
        with self._servers.services() as services:
            for file in self._sent:
                with services.submission.begin() as upload:
                    upload.write(file.read_bytes())
                    upload.commit(file.name, JobOptions())
        with self._servers.running("prepare"):
            self._wake(Queue.PREPARE)
            self._wait_until_none(JobRow.state != JobState.INFERRING.value)

    def service_s(self, workers: int) -> float:
        """Seconds from the first wake-up until every job has ended."""
        self._put_back()
        with self._servers.running(*["infer"] * workers, "finish", "beat"):
            started = time.perf_counter()
            self._wake(Queue.INFER)
            self._wait_until_none(JobRow.finished_at.is_(None))
            taken = time.perf_counter() - started
        with self._engine.connect() as connection:
            executions, segments = connection.execute(select(func.sum(SegmentRow.attempts), func.count())).one()._t
            self.again += executions - segments
        return taken

    def model_s(self, processes: int) -> float:
        shares = [self._sent[number::processes] for number in range(processes)]
        return seconds_of("infer", shares, os.environ | _ONE_THREAD)

    def _put_back(self) -> None:
        """All segments as they were when they had been prepared."""
        with self._engine.begin() as connection:
            pending = {"status": SegmentStatus.PENDING.value, "attempts": 0, "lease_until": None}
            connection.execute(update(SegmentRow).values(pending))
            inferring = {"state": JobState.INFERRING.value, "finished_at": None, "attempts": 0, "lease_until": None}
            connection.execute(update(JobRow).values(inferring))

    def _wake(self, queue: Queue) -> None:
        with CeleryWakeUps(celery_app(self._servers.environment["EMOLINE_BROKER_URL"])) as wake_ups:
            wake_ups.wake(queue)
            time.sleep(0.2)  # it sends within a tenth of a second, and not at all when it was closed before

    def _wait_until_none(self, jobs: object) -> None:
        query = select(JobRow.id).where(jobs).limit(1)  # type: ignore[arg-type]
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while connection.execute(query).first():
                time.sleep(_LOOK_EVERY_S)
