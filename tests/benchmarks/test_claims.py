"""The claims benchmark: a tiny run measures each claim on both databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.waiting import PATIENCE_S


@pytest.mark.usefixtures("postgres_server")  # skipped where it is skipped
def test_a_tiny_run_measures_every_claim() -> None:
    tiny = ["--jobs", "5", "--long-jobs", "2", "--long-segments", "4", "--times", "2", "--json"]
    completed = subprocess.run(
        [sys.executable, "-m", "cli", "bench", "claims", *tiny],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | {"COLUMNS": "120"},
    )
    assert completed.returncode == 0, completed.stderr
    document = json.loads(completed.stdout)
    assert document["machine"]["cores"] > 0
    costs = document["claims"]
    assert {(cost["database"], cost["jobs"], cost["segments"]) for cost in costs} == {
        (database, jobs, segments) for database in ("Postgres", "SQLite") for jobs, segments in ((5, 3), (2, 4))
    }
    assert all(0 < cost["p50_ms"] <= cost["p99_ms"] for cost in costs)
    assert {cost["operation"] for cost in costs} == {
        "claimable",
        "claim_finish",
        "claim_segments, 640 s",
        "claim_segments, 2560 s",
        "claim_preparation",
    }
