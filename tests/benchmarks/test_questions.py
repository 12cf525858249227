"""The questions benchmark: a tiny run asks every question on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.waiting import PATIENCE_S


@pytest.mark.usefixtures("postgres_server")  # skipped where it is skipped
def test_a_tiny_run_asks_every_question() -> None:
    tiny = ["--jobs", "60", "--sqlite-jobs", "60", "--times", "1", "--json"]
    completed = subprocess.run(
        [sys.executable, "-m", "cli", "bench", "questions", *tiny],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | {"COLUMNS": "120"},
    )
    assert completed.returncode == 0, completed.stderr
    costs = json.loads(completed.stdout)["questions"]
    questions = {cost["question"] for cost in costs}
    assert {"list by -share", "list by worst_minute", "insights by week", "insights by role"} < questions
    assert len(costs) == 2 * len(questions)
    assert all(0 < cost["p50_cpu_ms"] <= cost["p95_cpu_ms"] <= cost["max_cpu_ms"] for cost in costs)
