"""Cost of the service beyond the analysis: from the first submit until the last job has ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import numpy as np

from lab.benchmarks.rounds import OnStep, in_turn, seconds
from lab.benchmarks.service.direct_run import run_processes
from lab.benchmarks.service.recordings import write_sound
from lab.benchmarks.service.stack import Stack, embedded_stack, run_stack

_WORKERS = ("prepare", "infer", "finish", "beat")
_POLL_EVERY_S = 0.05
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}

Recordings = Sequence[Path]


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds of each round for the same recordings, each with one thread for the model.

    `analyze` is one process with its model loaded; the others are the embedded and the distributed service.
    """

    title: str
    analyze_s: list[float]
    embedded_s: list[float]
    distributed_s: list[float]

    @property
    def embedded_over(self) -> float:
        """Additional time of the embedded service as a share of `analyze`."""
        return _additional_share(self.embedded_s, self.analyze_s)

    @property
    def distributed_over(self) -> float:
        """Additional time of the distributed service as a share of `analyze`."""
        return _additional_share(self.distributed_s, self.analyze_s)


def _additional_share(service_s: list[float], analyze_s: list[float]) -> float:
    return float(np.median(np.array(service_s) / np.array(analyze_s))) - 1


def measure_overheads(recordings: int, rounds: int, on_step: OnStep) -> list[Overhead]:
    """Measure `recordings` of a minute each, and one that lasts as long as all of them."""
    with run_stack(**_ONE_THREAD) as stack, embedded_stack(**_ONE_THREAD) as serverless:
        minute = write_sound(stack.folder / "minute.opus", 60)
        long = write_sound(stack.folder / "long.opus", 60 * recordings)
        with _open_client(stack, *_WORKERS) as distributed, _open_client(serverless) as embedded:
            runs: dict[str, Callable[[Recordings], float]] = {
                "analyze": lambda files: run_processes("analyze", [files], os.environ | _ONE_THREAD),
                "embedded": lambda files: seconds(partial(_process, embedded, files)),
                "distributed": lambda files: seconds(partial(_process, distributed, files)),
            }
            _process(embedded, [minute])  # loads the model
            sets = {f"{recordings} of 1 min": [minute] * recordings, f"one of {recordings} min": [long]}
            overheads = []
            for title, files in sets.items():
                parts = {f"{title}, {name}": partial(run, files) for name, run in runs.items()}
                analyze_s, embedded_s, distributed_s = (
                    values.tolist() for values in in_turn(parts, rounds, on_step).values()
                )
                overheads.append(Overhead(title, analyze_s, embedded_s, distributed_s))
            return overheads


@contextmanager
def _open_client(stack: Stack, *workers: str) -> Iterator[httpx2.Client]:
    """Start the API and workers of a stack; yield a client when they are ready."""
    with ExitStack() as opened:
        host, port = opened.enter_context(stack.run_api())
        opened.enter_context(stack.run_workers(*workers))
        yield opened.enter_context(httpx2.Client(base_url=f"http://{host}:{port}", timeout=60))


def _process(client: httpx2.Client, files: Recordings) -> None:
    """Submit all files one after the other, and wait until all jobs have succeeded."""
    answers = [client.post("/v1/jobs", files={"file": (file.name, file.read_bytes())}) for file in files]
    for answer in answers:
        url = answer.raise_for_status().json()["links"]["self"]
        while (job := client.get(url).raise_for_status().json())["finished_at"] is None:
            time.sleep(_POLL_EVERY_S)
        if job["status"] != "succeeded":
            raise RuntimeError(f"A job of the benchmark has not succeeded: {job['error']}")
