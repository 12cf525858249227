"""What the service costs beyond the analysis itself: from the first submit until the last job has ended."""

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

from lab.benchmarks.rounds import OnStep, Values, in_turn, seconds
from lab.benchmarks.service.plain import seconds_of
from lab.benchmarks.service.sounds import write_sound
from lab.benchmarks.service.stack import Stack, embedded, stack

_WORKERS = ("prepare", "infer", "finish", "beat")
_LOOK_EVERY_S = 0.05
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}

Recordings = Sequence[Path]


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds of each round for the same recordings: one process of the pipeline with its model loaded, the embedded
    service and the distributed one, each with one thread for the model."""

    title: str
    analyze_s: list[float]
    embedded_s: list[float]
    distributed_s: list[float]

    @property
    def embedded_over(self) -> float:
        """What it takes longer, as a share."""
        return _over(self.embedded_s, self.analyze_s)

    @property
    def distributed_over(self) -> float:
        return _over(self.distributed_s, self.analyze_s)


def _over(own: list[float], plain: list[float]) -> float:
    return float(np.median(np.array(own) / np.array(plain))) - 1


def overheads(recordings: int, rounds: int, on_step: OnStep) -> list[Overhead]:
    """Of `recordings` of a minute each, and of one that lasts as long as all of them."""
    with stack(**_ONE_THREAD) as servers, embedded(**_ONE_THREAD) as alone:
        minute = write_sound(servers.folder / "minute.opus", 60)
        long = write_sound(servers.folder / "long.opus", 60 * recordings)
        with _open(servers, *_WORKERS) as distributed, _open(alone) as in_one:
            ways: dict[str, Callable[[Recordings], float]] = {
                "analyze": lambda files: seconds_of("analyze", [files], os.environ | _ONE_THREAD),
                "embedded": lambda files: seconds(partial(_through, in_one, files)),
                "distributed": lambda files: seconds(partial(_through, distributed, files)),
            }
            _through(in_one, [minute])  # which loads the model
            sets = {f"{recordings} of 1 min": [minute] * recordings, f"one of {recordings} min": [long]}
            return [_overhead(title, files, ways, rounds, on_step) for title, files in sets.items()]


@contextmanager
def _open(servers: Stack, *workers: str) -> Iterator[httpx2.Client]:
    """A client of a service that is ready."""
    with ExitStack() as opened:
        host, port = opened.enter_context(servers.api())
        opened.enter_context(servers.running(*workers))
        yield opened.enter_context(httpx2.Client(base_url=f"http://{host}:{port}", timeout=60))


def _overhead(
    title: str,
    files: Recordings,
    ways: dict[str, Callable[[Recordings], float]],
    rounds: int,
    on_step: OnStep,
) -> Overhead:
    taken: dict[str, Values] = in_turn(
        {f"{title}, {way}": partial(run, files) for way, run in ways.items()}, rounds, on_step
    )
    analyze_s, embedded_s, distributed_s = (values.tolist() for values in taken.values())
    return Overhead(title, analyze_s, embedded_s, distributed_s)


def _through(client: httpx2.Client, files: Recordings) -> None:
    """Submits all, one after the other, and waits until all have succeeded."""
    answers = [client.post("/v1/jobs", files={"file": (file.name, file.read_bytes())}) for file in files]
    for answer in answers:
        url = answer.raise_for_status().json()["links"]["self"]
        while (job := client.get(url).raise_for_status().json())["finished_at"] is None:
            time.sleep(_LOOK_EVERY_S)
        if job["status"] != "succeeded":
            raise RuntimeError(f"A job of the benchmark has not succeeded: {job['error']}")
