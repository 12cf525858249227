"""The capacity benchmark: a small run gives constants with which a day can be simulated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.capacity.constants import Constants
from lab.capacity.simulation import Assumptions, simulate
from tests.support.waiting import PATIENCE_S


@pytest.mark.usefixtures("postgres_server")  # skipped where it is skipped
def test_a_small_run_measures_what_the_model_needs(tmp_path: Path) -> None:
    small = ["--hours", "0.1", "--jobs", "1", "--waiting", "1000", "--processes", "1", "--seconds", "0.5", "--json"]
    completed = subprocess.run(
        [sys.executable, "-m", "cli", "bench", "capacity", *small],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | {"COLUMNS": "120"},
    )
    assert completed.returncode == 0, completed.stderr
    document = json.loads(completed.stdout)
    for run in document["runs"]:
        assert all(value > 0 for value in run["usage"].values())
        # Everything that was prepared was analysed: each segment was stored once and read once.
        assert run["request_bytes"]["read sound"] == run["request_bytes"]["write sound"]
        assert run["requests"]["write recording"] == run["requests"]["write waveform"] == run["jobs"]
    (tmp_path / "constants.json").write_text(completed.stdout)
    constants = Constants.load(tmp_path / "constants.json")
    assert {(rate.waiting, rate.budget_s) for rate in constants.claims} == {(1000, 640), (1000, 2560)}
    assert all(rate.claims_per_s > 0 and rate.postgres_cpu_ms >= 0 for rate in constants.claims)
    day = simulate(200, constants, Assumptions())
    assert day.end.p50 > 0
