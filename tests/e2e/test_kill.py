"""kill -9 of the whole service in the middle of a job: the next start finishes it."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.conftest import Client
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like

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
            with Client(base_url=url[0], timeout=60) as client:
                yield process, client
        finally:
            process.kill()


def half_done(client: Client, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if job["progress"]["segments_done"] >= 3:
            assert job["status"] == "processing"
            return job
        time.sleep(0.05)
    pytest.fail(f"no segment was done: {job}")


def children_of(pid: int) -> set[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return {int(child) for child in found.split()}


@pytest.mark.timeout(300)
def test_a_killed_service_finishes_its_jobs_by_itself_at_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path) as (process, client):
        job_id = client.submit(EIGHT_MINUTES)["id"]
        half_done(client, job_id)
        orphans = children_of(process.pid)
        orphans |= {grandchild for child in orphans for grandchild in children_of(child)}
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert orphans
    with served(tmp_path) as (process, client):
        job = client.ended(job_id)
        result = client.get(f"/v1/jobs/{job_id}/result").json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert job["status"] == "succeeded"
    assert [segment["index"] for segment in result["segments"]] == list(range(job["progress"]["segments_total"]))
    assert {segment["status"] for segment in result["segments"]} == {"ok"}
    stored = sorted((tmp_path / "objects" / "jobs" / job_id / "audio" / "segments").iterdir())
    assert len(stored) == len(result["segments"])
    assert not any(Path(f"/proc/{orphan}").exists() for orphan in orphans)
    with sqlite3.connect(tmp_path / "emoline.db") as database:
        assert database.execute("SELECT count(*), count(DISTINCT start) FROM segments").fetchone() == (len(stored),) * 2
