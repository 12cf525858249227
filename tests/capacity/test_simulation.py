"""A simulated day: nothing is lost, the same seed gives the same day, and more work needs more machines."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from typer.testing import CliRunner

from lab.capacity.__main__ import app
from lab.capacity.arrivals import DAY_S, arrivals_of_a_day
from lab.capacity.constants import Constants, Usage
from lab.capacity.simulation import Assumptions, load_of, machines_for, simulate

MEASURED = Constants.load()


def test_arrivals_have_the_audio_hours_that_were_asked_for_within_a_day() -> None:
    arrivals = arrivals_of_a_day(50_000, seed=3)
    assert arrivals.hours.sum() == pytest.approx(50_000, rel=0.05)
    assert len(arrivals.times) == len(arrivals.hours)
    assert (np.diff(arrivals.times) >= 0).all()
    assert arrivals.times[0] >= 0
    assert arrivals.times[-1] <= DAY_S
    jobs, hours = arrivals.busiest_hour()
    assert len(arrivals.times) / 24 < jobs < len(arrivals.times) / 4
    assert arrivals.hours.sum() / 24 < hours < arrivals.hours.sum() / 4


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    first, second, third = (simulate(500, MEASURED, Assumptions(), seed) for seed in (0, 0, 1))
    assert first == second
    assert first != third


def test_machines_grow_with_the_load_and_are_not_too_few_for_it() -> None:
    days = [simulate(hours, MEASURED, Assumptions()) for hours in (2_000, 40_000)]
    small, large = (day.machines for day in days)
    assert small.prepare_cores < large.prepare_cores
    assert small.gpus <= large.gpus
    for day in days:
        assert 0 < day.first_segment.p50 <= day.end.p50 <= day.end.p99
        assert day.late_s < 3600  # the day's work is done soon after the day
        assert list(day.limits.values()) == sorted(day.limits.values(), reverse=True)


def test_load_is_the_sum_of_the_jobs_and_their_hours() -> None:
    zero = Usage(**dict.fromkeys([field.name for field in fields(Usage)], 0.0))
    per_job, per_hour = replace(zero, writes=2.0, decode_cpu_s=9.0), replace(zero, writes=3.0, wal_bytes=7.0)
    constants = replace(MEASURED, per_job=per_job, per_hour=per_hour)
    arrivals = arrivals_of_a_day(1000, seed=0)
    jobs, hours = arrivals.busiest_hour()
    load = load_of(arrivals, constants, Assumptions())
    assert load.store_writes == pytest.approx((2 * jobs + 3 * hours) / 3600)
    assert load.wal_bytes == pytest.approx(7 * hours / 3600)
    machines = machines_for(arrivals, constants, Assumptions(full_at=0.5))
    assert machines.prepare_cores == int(np.ceil(9 * jobs / 3600 / 0.5))


def test_a_busy_database_makes_jobs_wait() -> None:
    quick, slow = (simulate(20_000, MEASURED, Assumptions(postgres_cores=cores)) for cores in (16, 0.01))
    assert slow.end.p50 > quick.end.p50
    assert slow.limits["Postgres CPU"] > 1 > quick.limits["Postgres CPU"]


def test_the_command_prints_machines_and_the_first_limit() -> None:
    printed = CliRunner().invoke(app, ["--hours", "100"], env={"COLUMNS": "120"})
    assert printed.exit_code == 0, printed.output
    assert "first limit" in printed.output
    assert "GPUs" in printed.output
