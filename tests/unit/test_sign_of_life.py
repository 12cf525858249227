"""The check of a worker's health, which a container runs every minute."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worker import sign_of_life

MOST_CPU_S = 0.1


def check(queue: str) -> tuple[int, float]:
    """Return the exit status of the check, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    status = subprocess.run([sys.executable, "-m", "worker.sign_of_life", queue], capture_output=True).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_worker_is_healthy_as_long_as_it_shows_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert check("finish")[0] == 1
    sign_of_life.show("finish")
    checks = [check("finish") for _ in range(3)]
    assert {status for status, _ in checks} == {0}
    assert min(cpu_s for _, cpu_s in checks) < MOST_CPU_S
    assert check("infer")[0] == 1
    (sign,) = tmp_path.iterdir()
    minute_ago = time.time() - 60
    os.utime(sign, (minute_ago, minute_ago))
    assert check("finish")[0] == 1


def test_a_folder_that_cannot_be_written_keeps_no_worker_from_working(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    sign_of_life.show("finish")
    assert not sign_of_life.is_fresh("finish")
