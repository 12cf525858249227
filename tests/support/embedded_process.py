"""`emoline serve` as a process of its own, to be killed in the middle of a job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from tests.support.waiting import wait_until

EIGHT_MINUTES = encoded(np.tile(speech_like(120, seed=21).samples, 4)[:, None], 16_000, "flac")


@contextmanager
def served(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """`emoline serve` as a process of its own, and a client of it."""
    environment = os.environ | {
        "EMOLINE_DATA_DIR": str(data_dir),
        "EMOLINE_LEASE_S": "2",
        "EMOLINE_BATCH_AUDIO_S": "30",
    }
    command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            greeting = next(line for line in process.stderr if "listens on" in line)
            url = re.search(r"http://\S+", greeting)
            assert url
            with Client(base_url=url[0]) as client:
                yield process, client
        finally:
            process.kill()


def half_done(client: Client, job_id: str) -> dict[str, Any]:
    """Return the job once three of its segments are analysed, which must be before all are."""
    job: dict[str, Any] = {}

    def begun() -> bool:
        job.update(client.get(f"/v1/jobs/{job_id}").json())
        return bool(job["progress"]["segments_done"] >= 3)

    wait_until(begun, lambda: job)
    assert job["status"] == "processing"
    return job


def children_of(pid: int) -> set[int]:
    pids = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return {int(child) for child in pids.split()}
