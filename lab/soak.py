"""`python -m lab.soak`: run the distributed service at a steady load, and show whether anything grows.

Jobs are submitted, polled, read and deleted by retention, so that after a while as many go as come. Memory of each
process, rows, files and keys of Redis are sampled; the median of the last third is compared with that of the middle
one: in the first the service warms up.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from pathlib import Path
from statistics import median
from threading import Event, Thread

import httpx2
import redis
from sqlalchemy import Engine, text

from lab.benchmarks.machine import Machine
from lab.benchmarks.service.recordings import write_sound
from lab.benchmarks.service.stack import Stack, resident_bytes, run_stack
from shared.db.engine import open_engine

_WORKERS = ("prepare", "infer", "finish", "deliver", "beat")
_PARTS = ("API", "prepare", "infer", "finish", "deliver", "beat", "Postgres", "Redis")
_TABLES = ("jobs", "segments", "usage", "job_facts", "job_metadata", "uploads", "webhook_deliveries", "deleted_jobs")
_MEBI = 1 << 20
_SAMPLE_EVERY_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--jobs-per-minute", type=float, default=30)
    parser.add_argument("--kept-s", type=int, default=60, help="seconds after which a job is deleted")
    options = parser.parse_args()
    retention = {"EMOLINE_RETENTION__RESULTS_S": str(options.kept_s)}
    with run_stack(EMOLINE_LEASE_S="5", **retention) as stack, stack.run_api() as address, stack.run_workers(*_WORKERS):
        ended, counts = Event(), Counter[str]()
        client = Thread(target=send, args=(stack, address, 60 / options.jobs_per_minute, ended, counts))
        client.start()
        samples = watch(stack, options.minutes * 60)
        ended.set()
        client.join()
    print(json.dumps({"machine": str(Machine.current()), "load": os.getloadavg(), **vars(options)} | report(samples)))
    print(json.dumps(counts))


def send(stack: Stack, address: tuple[str, int], every_s: float, ended: Event, counts: Counter[str]) -> None:
    """Submit a recording at each interval, and read the result of the one before."""
    sound = write_sound(stack.folder / "short.opus", 20).read_bytes()
    before = ""
    with httpx2.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=60) as client:
        while not ended.wait(every_s):
            config = {"metadata": {"case": str(counts["submitted"])}}
            files, data = {"file": ("call.opus", sound)}, {"config": json.dumps(config)}
            answer = client.post("/v1/jobs", files=files, data=data)
            counts["submitted" if answer.status_code == 202 else f"submit {answer.status_code}"] += 1
            if before:
                counts[str(client.get(f"/v1/jobs/{before}").json().get("status"))] += 1
                for path in ("result", "frames", "waveform", "export?format=csv"):
                    client.get(f"/v1/jobs/{before}/{path}")
            before = answer.json().get("id", "")


def watch(stack: Stack, seconds: float) -> list[dict[str, float]]:
    """Sample memory, rows, files and keys until the time is over."""
    engine = open_engine(stack.environment["EMOLINE_DATABASE_URL"])
    samples, until = [], time.monotonic() + seconds
    with redis.Redis.from_url(stack.environment["EMOLINE_BROKER_URL"]) as broker:
        while time.monotonic() < until:
            memory = {f"MiB of {part}": resident_bytes(part) / _MEBI for part in _PARTS}
            files = sum(1 for path in Path(stack.environment["EMOLINE_DATA_DIR"]).rglob("*") if path.is_file())
            keys = broker.dbsize()
            assert isinstance(keys, int)
            samples.append(memory | rows(engine) | {"files": files, "keys of Redis": keys})
            time.sleep(_SAMPLE_EVERY_S)
    engine.dispose()
    return samples


def rows(engine: Engine) -> dict[str, float]:
    """Count the rows of the tables that grow with jobs."""
    with engine.connect() as connection:
        return {
            f"rows of {table}": float(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
            for table in _TABLES
        }


def report(samples: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return for each figure the medians of the middle and of the last third."""
    third = len(samples) // 3
    parts = {"middle": samples[third : 2 * third], "last": samples[2 * third :]}
    return {
        name: {part: round(median(sample[name] for sample in chosen), 1) for part, chosen in parts.items()}
        for name in samples[0]
    }


if __name__ == "__main__":
    main()
