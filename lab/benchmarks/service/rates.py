"""Submits and polls per second, and their latencies while the workers are busy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.benchmarks.rounds import OnStep
from lab.benchmarks.service.load_generator import Stream
from lab.benchmarks.service.recordings import write_sound
from lab.benchmarks.service.stack import Stack, cpu_s, run_stack
from shared.domain.access import Scope
from shared.domain.job import DEFAULT_TENANT
from tests.support.stored_jobs import prepared

_CONNECTIONS = 64
_WARM_UP_S = 2.0
_POLLED = 200
"""Number of jobs that are polled in turn."""
_BESIDE = ((30.0, 100.0), (100.0, 300.0))
"""Submits and polls per second while the workers are busy."""
_WORKERS = ("prepare", "infer", "finish", "beat")


@dataclass(frozen=True, slots=True)
class Rate:
    """The figures of a stream of requests; `failed` counts answers from 400 on.

    `asked` is the planned rate per second, None for as many as are answered.
    """

    situation: str
    request: str
    asked: float | None
    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int


@dataclass(frozen=True, slots=True)
class Situation:
    """Streams at the same time, and the share of a core that each part of the stack and the clients took."""

    rates: list[Rate]
    cores: dict[str, float]
    load_before: float
    """Load average of the machine in the minute before."""

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU of a request, of all parts but the clients."""
        cores = sum(share for part, share in self.cores.items() if part != "client")
        return 1000 * cores / sum(rate.per_s for rate in self.rates)


def measure_rates(seconds: float, on_step: OnStep) -> list[Situation]:
    """Measure polls and submits alone, submits over S3, and both while the workers are busy."""
    situations: list[Situation] = []
    with run_stack() as stack:
        requests = _Requests(_sound(stack), _new_key(stack), seconds)
        with stack.open_services() as services:
            polled = [prepared(services.jobs, services.ports.work_queue, services.clock).id for _ in range(_POLLED)]
        with stack.run_api() as address:
            on_step("polls alone", 0, None)
            situations.append(_measure("polls alone", address, [requests.polls(polled)]))
            on_step("submits alone", 0, None)
            situations.append(_measure("submits alone", address, [requests.submits()]))
        with stack.run_api() as address, stack.run_workers(*_WORKERS):
            for submits_per_s, polls_per_s in _BESIDE:
                on_step(f"both at {submits_per_s:.0f} and {polls_per_s:.0f} a second, with busy workers", 0, None)
                beside = [requests.submits(submits_per_s), requests.polls(polled, polls_per_s)]
                situations.append(_measure("both, workers busy", address, beside))
    with run_stack("S3") as stack:
        requests = _Requests(_sound(stack), _new_key(stack), seconds)
        with stack.run_api() as address:
            on_step("submits alone, S3", 0, None)
            situations.append(_measure("submits alone, S3", address, [requests.submits()]))
    return situations


def _sound(stack: Stack) -> Path:
    return write_sound(stack.folder / "short.opus", 8)


def _new_key(stack: Stack) -> str:
    """Make an API key, as services in production have them, and return its secret."""
    with stack.open_services() as services:
        return services.api_keys.create("benchmark", DEFAULT_TENANT, [Scope.READ, Scope.WRITE])[1]


@dataclass(frozen=True, slots=True)
class _Requests:
    """Streams of `seconds` with an API key; `sound` is submitted."""

    sound: Path
    key: str
    seconds: float

    def submits(self, rate: float | None = None) -> Stream:
        targets = [f"/v1/jobs?filename={self.sound.name}"]
        return Stream("submit", "POST", targets, _CONNECTIONS, self.seconds, self.key, rate, str(self.sound))

    def polls(self, job_ids: Sequence[str], rate: float | None = None) -> Stream:
        targets = [f"/v1/jobs/{job_id}" for job_id in job_ids]
        return Stream("poll", "GET", targets, _CONNECTIONS, self.seconds, self.key, rate)


def _measure(situation: str, address: tuple[str, int], streams: Sequence[Stream]) -> Situation:
    """Warm up, send the streams, and measure rates, latencies and CPU time."""
    _send(address, streams, _WARM_UP_S)
    load_before, before, started = os.getloadavg()[0], cpu_s(), time.perf_counter()
    answers, client_s = _send(address, streams)
    wall_s = time.perf_counter() - started
    cores = {part: (used_s - before.get(part, 0.0)) / wall_s for part, used_s in cpu_s().items() if part != "other"}
    rates = []
    for stream, answer in zip(streams, answers, strict=True):
        latencies_ms = 1000 * np.array(answer["latencies_s"])
        p50, p99 = np.percentile(latencies_ms, [50, 99])
        failed = sum(count for status, count in answer["statuses"].items() if int(status) >= 400)
        per_s = len(latencies_ms) / answer["seconds"]
        rates.append(Rate(situation, stream.name, stream.rate, per_s, float(p50), float(p99), failed))
    return Situation(rates, cores | {"client": client_s / wall_s}, load_before)


def _send(
    address: tuple[str, int], streams: Sequence[Stream], seconds: float | None = None
) -> tuple[list[dict[str, Any]], float]:
    """Run the load generator; return the answers of each stream, and the CPU seconds of the clients."""
    command = [sys.executable, "-m", "lab.benchmarks.service.load_generator", address[0], str(address[1])]
    requests = json.dumps([stream.lasting(seconds or stream.seconds) for stream in streams])
    output = json.loads(subprocess.run(command, input=requests, text=True, stdout=subprocess.PIPE, check=True).stdout)
    return output["answers"], output["cpu_s"]
