"""The queues of the capacity model against what queueing theory says, and against plain bookkeeping."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.capacity.queues import first_come_first_served, shared_evenly

NONE = np.empty(0)


def erlang_c(servers: int, load: float) -> float:
    """The probability that a job waits in M/M/c with an offered load in servers."""
    waits = load**servers / factorial(servers) * servers / (servers - load)
    return waits / (sum(load**number / factorial(number) for number in range(servers)) + waits)


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.7), (4, 0.8), (20, 0.8)])
def test_jobs_wait_as_long_as_in_theory_for_one_of_several_servers(servers: int, utilisation: float) -> None:
    random, number, load = np.random.default_rng(1), 400_000, utilisation * servers
    arrivals, service_s = random.exponential(1 / load, number).cumsum(), random.exponential(1, number)
    waited = first_come_first_served(arrivals, service_s, servers) - arrivals
    assert waited.min() >= 0
    assert waited.mean() == pytest.approx(erlang_c(servers, load) / (servers - load), rel=0.1)
    assert (waited > 0).mean() == pytest.approx(erlang_c(servers, load), rel=0.05)


def test_servers_take_regular_jobs_without_a_wait_until_they_are_too_few() -> None:
    arrivals, service_s = np.arange(1000.0), np.full(1000, 3.0)
    assert (first_come_first_served(arrivals, service_s, 3) == arrivals).all()
    late = first_come_first_served(arrivals, service_s, 2) - arrivals
    assert late[-1] == pytest.approx(1000 * 3 / 2 - 1000, abs=2)


@pytest.mark.parametrize("utilisation", [0.5, 0.8])
def test_jobs_that_share_evenly_take_as_long_as_in_theory(utilisation: float) -> None:
    """A job takes its service over one minus the utilisation, however long the others are."""
    random, number = np.random.default_rng(2), 200_000
    arrivals = random.exponential(1 / utilisation, number).cumsum()
    service_s = random.choice([0.2, 5.0], number, p=[5 / 6, 1 / 6])  # 1 on average
    took = shared_evenly(arrivals, service_s * 10, NONE, 1, 10)[0] - arrivals
    for alone_s in (0.2, 5.0):
        assert took[service_s == alone_s].mean() == pytest.approx(alone_s / (1 - utilisation), rel=0.1)


def test_jobs_that_come_together_are_done_in_the_order_of_their_lengths() -> None:
    done, _ = shared_evenly(np.zeros(3), np.array([3.0, 1.0, 2.0]), NONE, 1, 1)
    assert done.tolist() == pytest.approx([6, 3, 5])


def test_the_first_part_of_a_job_takes_its_turn_among_those_under_way() -> None:
    """Its turn comes when each of the nine others has had as much."""
    _, probes = shared_evenly(np.zeros(9), np.full(9, 100.0), np.array([1.0, 2000.0]), 2, 3)
    assert probes.tolist() == pytest.approx([1 + 2 * 9 / 3, 2000 + 2 / 3])


@given(
    jobs=st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 50)), min_size=1, max_size=30),
    probes=st.lists(st.floats(0, 200), max_size=10),
)
def test_no_job_is_lost_and_no_capacity_made_up(jobs: list[tuple[float, float]], probes: list[float]) -> None:
    arrivals, work = (np.array(values) for values in zip(*jobs, strict=True))
    done, done_probes = shared_evenly(arrivals, work, np.array(probes), 1, 2)
    assert np.isfinite(done).all()
    assert np.isfinite(done_probes).all()
    assert (done >= arrivals + work / 2 - 1e-6).all()
    assert (done_probes >= np.array(probes) + 0.5 - 1e-6).all()
    for moment in np.unique(done):
        ended = done <= moment
        assert work[ended].sum() <= 2 * (moment - arrivals.min()) + 1e-6
    # The last job ends when all work is done, plus the time without any: as with one queue in the order of arrival.
    order = np.argsort(arrivals)
    starts = first_come_first_served(arrivals[order], work[order] / 2, 1)
    assert done.max() == pytest.approx((starts + work[order] / 2).max())
