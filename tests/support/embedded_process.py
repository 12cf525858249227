"""`emoline serve` as a process of its own, to be killed in the middle of a job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

import numpy as np

from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from tests.support.waiting import wait_until

FOUR_MINUTES = encoded(np.tile(speech_like(60, seed=21).samples, 4)[:, None], 16_000, "flac")


@contextmanager
def served(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """`emoline serve` as a process of its own, and a client of it; its log is copied to the file `log_of(data_dir)`."""
    environment = os.environ | {
        "EMOLINE_DATA_DIR": str(data_dir),
        "EMOLINE_LEASE_S": "2",
        "EMOLINE_BATCH_AUDIO_S": "30",
    }
    command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    log = log_of(data_dir)
    log.write_text("")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        copying = Thread(target=_copy_lines, args=(process.stderr, log))
        copying.start()
        try:
            url = wait_until(lambda: re.search(r"listens on (http://\S+)", log.read_text()), log.read_text)
            assert url
            with Client(base_url=url[1]) as client:
                yield process, client
        finally:
            process.kill()
            copying.join()


def log_of(data_dir: Path) -> Path:
    """The log of the last service over a folder."""
    return data_dir.with_name(f"{data_dir.name}.log")


def _copy_lines(source: TextIO, target: Path) -> None:
    """Copy until the source ends. Unread, the pipe would fill up, and the service would wait for its reader."""
    with target.open("a") as file:
        for line in source:
            file.write(line)
            file.flush()


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
