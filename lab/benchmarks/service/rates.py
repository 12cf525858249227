"""How many submits and polls the service takes a second, and how long they wait while it is busy."""

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
from lab.benchmarks.service.load import Stream
from lab.benchmarks.service.sounds import write_sound
from lab.benchmarks.service.stack import Stack, cpu_s, stack
from tests.support.stored_jobs import prepared

_CONNECTIONS = 64
_WARM_UP_S = 2.0
_POLLED = 200
"""Jobs that are looked up in turn."""
_SUBMITS_BESIDE, _POLLS_BESIDE = 100.0, 300.0
"""A second, while the workers are busy."""
_WORKERS = ("prepare", "infer", "finish", "beat")


@dataclass(frozen=True, slots=True)
class Rate:
    """What came of a stream of requests: `failed` are answers from 400 on. `asked` is None for as many as it takes."""

    situation: str
    request: str
    asked: float | None
    per_s: float
    p50_ms: float
    p99_ms: float
    failed: int


@dataclass(frozen=True, slots=True)
class Situation:
    """Streams at the same time, and the share of a core that each part took, the clients included."""

    rates: list[Rate]
    cores: dict[str, float]
    load_before: float
    """The machine's load average of the minute before."""


def rates(seconds: float, on_step: OnStep) -> list[Situation]:
    """Each alone, over a folder; submits over S3 too; and both while the workers work."""
    found: list[Situation] = []
    with stack() as servers:
        sound, polled = _sound(servers), _jobs(servers)
        submit, poll = _submit(sound, seconds), _poll(polled, seconds)
        with servers.api() as address:
            on_step("polls alone", 0, None)
            found.append(_measure("polls alone", address, [poll]))
            on_step("submits alone", 0, None)
            found.append(_measure("submits alone", address, [submit]))
        with servers.api() as address, servers.running(*_WORKERS):
            on_step("both, with busy workers", 0, None)
            beside = [_submit(sound, seconds, _SUBMITS_BESIDE), _poll(polled, seconds, _POLLS_BESIDE)]
            found.append(_measure("both, workers busy", address, beside))
    with stack("S3") as servers, servers.api() as address:
        on_step("submits alone, S3", 0, None)
        found.append(_measure("submits alone, S3", address, [_submit(_sound(servers), seconds)]))
    return found


def _sound(servers: Stack) -> Path:
    return write_sound(servers.folder / "short.opus", 8)


def _jobs(servers: Stack) -> list[str]:
    """Jobs that are being analysed, with three segments each."""
    with servers.services() as services:
        return [prepared(services.jobs, services.ports.work_queue, services.clock).id for _ in range(_POLLED)]


def _submit(sound: Path, seconds: float, rate: float | None = None) -> Stream:
    targets = [f"/v1/jobs?filename={sound.name}"]
    return Stream("submit", "POST", targets, _CONNECTIONS, seconds, rate, str(sound))


def _poll(job_ids: Sequence[str], seconds: float, rate: float | None = None) -> Stream:
    return Stream("poll", "GET", [f"/v1/jobs/{job_id}" for job_id in job_ids], _CONNECTIONS, seconds, rate)


def _measure(situation: str, address: tuple[str, int], streams: Sequence[Stream]) -> Situation:
    _answers(address, streams, _WARM_UP_S)
    load_before, before, started = os.getloadavg()[0], cpu_s(), time.perf_counter()
    answers, client_s = _answers(address, streams)
    wall_s = time.perf_counter() - started
    cores = {part: (own - before.get(part, 0.0)) / wall_s for part, own in cpu_s().items() if part != "other"}
    rates = [_rate(situation, stream, found) for stream, found in zip(streams, answers, strict=True)]
    return Situation(rates, cores | {"client": client_s / wall_s}, load_before)


def _answers(
    address: tuple[str, int], streams: Sequence[Stream], seconds: float | None = None
) -> tuple[list[dict[str, Any]], float]:
    """What came back on each stream, and the CPU seconds that sending and waiting took."""
    command = [sys.executable, "-m", "lab.benchmarks.service.load", address[0], str(address[1])]
    sent = json.dumps([stream.lasting(seconds or stream.seconds) for stream in streams])
    done = json.loads(subprocess.run(command, input=sent, text=True, stdout=subprocess.PIPE, check=True).stdout)
    return done["answers"], done["cpu_s"]


def _rate(situation: str, stream: Stream, found: dict[str, Any]) -> Rate:
    latencies_ms = 1000 * np.array(found["latencies_s"])
    p50, p99 = np.percentile(latencies_ms, [50, 99])
    failed = sum(count for status, count in found["statuses"].items() if int(status) >= 400)
    per_s = len(latencies_ms) / found["seconds"]
    return Rate(situation, stream.name, stream.rate, per_s, float(p50), float(p99), failed)
