"""A feeding process: `python -m lab.benchmarks.feed.worker DATA_DIR DATABASE_URL READ_MS WRITE_MS`.

It prints a line when it is ready, begins at the end of its input, runs the infer stage in as many threads as the
worker does until no segment is left, and prints its figures as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import cast

import structlog

from lab.benchmarks.feed.slow_store import SlowStore
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import build_services, open_ports
from shared.ports import ObjectStore
from shared.settings import Settings
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.container import infer_work


def main() -> None:
    folder, database_url, read_ms, write_ms = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = Settings(data_dir=Path(folder), database_url=database_url)
    with (
        open_ports(settings, LocalWakeUps()) as ports,
        Emotion2vecModel("mini", segment_timeout_s=600, module="lab.benchmarks.feed.device") as model,
    ):
        store = SlowStore(ports.object_store, float(read_ms), float(write_ms))
        services = build_services(replace(ports, object_store=cast(ObjectStore, store)))
        task = infer_work(services, model, Event())
        model.start()
        print("ready", flush=True)
        sys.stdin.read()

        def work(_: int) -> None:
            while task.run_once():
                pass

        before = time.process_time()
        with ThreadPoolExecutor(task.threads) as threads:
            list(threads.map(work, range(task.threads)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        cpu_s = time.process_time() - before
        figures = {"requests": store.requests, "request_bytes": store.request_bytes, "cpu_s": cpu_s, "peak_bytes": peak}
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
