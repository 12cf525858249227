"""A claiming process: `python -m lab.benchmarks.capacity.claimer DATABASE_URL BUDGET_S SECONDS MOST_SEGMENTS`.

It prints a line when it is ready and begins at the end of its input. It claims segments, renews the claim and records
outcomes as the infer stage does, for some seconds or until it has recorded as many segments, and prints its figures as
JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from shared.adapters.clock import SystemClock
from shared.db.engine import open_engine
from shared.db.work_queue import SqlWorkQueue
from shared.domain.emotion import ModelInfo
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentOutcome

Result = TypeVar("Result")

_LEASE_S = 30.0
_LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")
_MODEL = ModelInfo("benchmark", None, "0" * 64, _LABELS)
_OUTCOME = SegmentOutcome.scored({label: (0.6 if label == "neutral" else 0.05) for label in _LABELS})


def main() -> None:
    url, budget_s, seconds, most_segments = sys.argv[1:]
    queue = SqlWorkQueue(open_engine(url), SystemClock(), _LEASE_S)
    budget = int(budget_s) * SAMPLE_RATE
    times_ms: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, call: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = call()
        times_ms[name].append(1000 * (time.perf_counter() - started))
        return result

    def work() -> tuple[int, int]:
        claims = timed("claim", lambda: queue.claim_segments(budget))
        jobs = {claim.job_id for claim in claims}
        if claims:
            timed("renew", lambda: queue.renew_segments(claims))
            outcomes = [(claim, _OUTCOME) for claim in claims]
            logits = {job: f"jobs/{job}/frames" for job in jobs}
            timed("record", lambda: queue.record(outcomes, _MODEL, logits))
        return len(claims), len(jobs)

    for _ in range(2):  # statements are compiled by the first calls
        queue.release_segments(queue.claim_segments(budget))
    print("ready", flush=True)
    sys.stdin.read()
    began, cpu_s, segments, jobs = time.perf_counter(), time.process_time(), 0, 0
    while time.perf_counter() - began < float(seconds) and segments < int(most_segments):
        claimed, of_jobs = work()
        if not claimed:
            break
        segments, jobs = segments + claimed, jobs + of_jobs
    figures = {
        "claims": len(times_ms["renew"]),
        "segments": segments,
        "jobs": jobs,
        "cpu_s": time.process_time() - cpu_s,
        "times_ms": {name: float(np.median(times)) for name, times in times_ms.items()},
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
