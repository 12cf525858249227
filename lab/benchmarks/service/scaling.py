"""Speedup by a second infer worker, on short prepared jobs."""

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
from lab.benchmarks.service.direct_run import run_processes
from lab.benchmarks.service.recordings import write_sound
from lab.benchmarks.service.stack import Stack, run_stack
from shared.adapters.celery_wake_ups import CeleryWakeUps, celery_app
from shared.db.engine import open_engine
from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.segment import SegmentStatus
from shared.ports import Queue

_LENGTHS_S = (5, 6, 7, 8, 9, 10)
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_POLL_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Scaling:
    """Seconds of each round for `jobs` of one segment each, by number of workers.

    `service_s` is for infer workers of one thread each, `model_s` for processes that only run the model on the same
    sound. `again` counts executions of segments beyond the first, in all rounds.
    """

    jobs: int
    service_s: dict[int, list[float]]
    model_s: dict[int, list[float]]
    again: int

    @property
    def ratio(self) -> float:
        """Speedup by a second infer worker."""
        return _ratio(self.service_s)

    @property
    def machine_ratio(self) -> float:
        """Speedup by a second process of the model alone, the limit of the machine: shared cores slow both down."""
        return _ratio(self.model_s)


def _ratio(by_number: dict[int, list[float]]) -> float:
    return float(np.median(np.array(by_number[1]) / np.array(by_number[2])))


def measure_scaling(jobs: int, rounds: int, on_step: OnStep) -> Scaling:
    """Measure the same `jobs` with one and two infer workers, and with one and two processes of the model."""
    with run_stack(**_ONE_THREAD) as stack:
        files = [write_sound(stack.folder / f"{length}.opus", length) for length in _LENGTHS_S]
        sent = [files[number % len(files)] for number in range(jobs)]
        on_step(f"preparing {jobs} jobs", 0, None)
        with _open_database(stack) as engine:
            work = _ScalingWork(stack, engine, sent)
            work.prepare()
            parts = {f"{number} infer workers": partial(work.service_s, number) for number in (1, 2)}
            parts |= {f"{number} times the model": partial(work.model_s, number) for number in (1, 2)}
            results = in_turn(parts, rounds, on_step)
            one_worker, two_workers, one_model, two_models = (values.tolist() for values in results.values())
            return Scaling(
                jobs, {1: one_worker, 2: two_workers}, {1: one_model, 2: two_models}, work.repeated_executions
            )


@contextmanager
def _open_database(stack: Stack) -> Iterator[Engine]:
    engine = open_engine(stack.environment["EMOLINE_DATABASE_URL"])
    yield engine
    engine.dispose()


class _ScalingWork:
    """Jobs that are analysed in each round anew."""

    def __init__(self, stack: Stack, engine: Engine, sent: Sequence[Path]) -> None:
        self.repeated_executions = 0
        self._stack = stack
        self._engine = engine
        self._sent = sent

    def prepare(self) -> None:
        """Submit all jobs and wait until they are prepared."""
        with self._stack.open_services() as services:
            for file in self._sent:
                with services.submission.begin() as upload:
                    upload.write(file.read_bytes())
                    upload.commit(file.name, JobOptions())
        with self._stack.run_workers("prepare"):
            self._wake(Queue.PREPARE)
            self._wait_until_none(JobRow.state != JobState.INFERRING.value)

    def service_s(self, workers: int) -> float:
        """Reset all jobs, analyse them, and return the seconds from the first wake-up until every job has ended."""
        with self._engine.begin() as connection:
            pending = {"status": SegmentStatus.PENDING.value, "attempts": 0, "lease_until": None}
            connection.execute(update(SegmentRow).values(pending))
            inferring = {"state": JobState.INFERRING.value, "finished_at": None, "attempts": 0, "lease_until": None}
            connection.execute(update(JobRow).values(inferring))
        with self._stack.run_workers(*["infer"] * workers, "finish", "beat"):
            started = time.perf_counter()
            self._wake(Queue.INFER)
            self._wait_until_none(JobRow.finished_at.is_(None))
            wall_s = time.perf_counter() - started
        with self._engine.connect() as connection:
            executions, segments = connection.execute(select(func.sum(SegmentRow.attempts), func.count())).one()._t
            self.repeated_executions += executions - segments
        return wall_s

    def model_s(self, processes: int) -> float:
        """Run the model on all segments in some processes and return the seconds."""
        shares = [self._sent[number::processes] for number in range(processes)]
        return run_processes("infer", shares, os.environ | _ONE_THREAD)

    def _wake(self, queue: Queue) -> None:
        with CeleryWakeUps(celery_app(self._stack.environment["EMOLINE_BROKER_URL"])) as wake_ups:
            wake_ups.wake(queue)
            time.sleep(0.2)  # it sends within a tenth of a second; closing it earlier drops the message

    def _wait_until_none(self, jobs: object) -> None:
        query = select(JobRow.id).where(jobs).limit(1)  # type: ignore[arg-type]
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while connection.execute(query).first():
                time.sleep(_POLL_EVERY_S)
