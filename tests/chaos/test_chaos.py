"""Every part of the service is killed repeatedly while it works, and nothing is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from sqlalchemy import text

from tests.chaos import witness
from tests.chaos.cluster import LEASE_S, Cluster, running_cluster
from tests.chaos.disturbances import DISTURBANCES
from tests.chaos.figures import Work, figures, resumed_after
from tests.chaos.sent_jobs import recordings, result, submit
from tests.support.results import equal
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S, wait_until

JOBS = int(os.environ.get("CHAOS_JOBS", "22"))
LONG = JOBS >= 150
"""True if the lost work is a small share of all."""
JOBS_EACH = 5 if LONG else 2
"""Jobs that are sent before each disturbance."""
SEED = 7


BRIEF = recordings(range(8, 16))
RECORDINGS = BRIEF | (recordings(range(20, 28)) if LONG else {})
RESUMED_WITHIN_S = LEASE_S + 60
MOST_EXTRA = 0.1
"""Share of the segments that may be analysed once more than needed."""

pytestmark = pytest.mark.timeout(3600 + 10 * JOBS)


@pytest.fixture(scope="module")
def cluster(postgres_server: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster; skipped where no Postgres can be started."""
    with running_cluster(tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    with Client(base_url=cluster.url) as opened:
        yield opened


def jobs(cluster: Cluster) -> dict[str, tuple[str, bool]]:
    """The name of each job's recording, and whether it has ended."""
    query = text("SELECT id, recording->>'filename', finished_at IS NOT NULL FROM jobs")
    with cluster.engine.connect() as connection:
        return {job_id: (name, ended) for job_id, name, ended in connection.execute(query)}


@dataclass
class Storm:
    """Jobs that are sent while the parts of the service die."""

    cluster: Cluster
    client: Client
    random: Random
    answered: set[str] = field(default_factory=set)
    disturbances: int = 0

    def rage(self) -> None:
        while len(self.answered) < JOBS:
            for disturb in self.random.sample(DISTURBANCES, len(DISTURBANCES)):
                names = self.random.choices(list(RECORDINGS), k=JOBS_EACH)
                self.answered |= {submit(self.client, name, RECORDINGS[name]) for name in names}
                time.sleep(self.random.uniform(0, 1.5))
                disturb(self.cluster, self.random)
                self.disturbances += 1

    def abate(self) -> float:
        """Seconds until every job has ended."""
        began = progressed = time.monotonic()
        before = -1
        while not all(ended for _, ended in jobs(self.cluster).values()):
            recorded = sum(of_job.total() for of_job in witness.recorded(self.cluster.engine).values())
            progressed = progressed if recorded == before else time.monotonic()
            assert time.monotonic() < progressed + PATIENCE_S, jobs(self.cluster)
            before = recorded
            time.sleep(0.5)
        return time.monotonic() - began


def test_segments_of_a_killed_worker_are_resumed_by_another(
    cluster: Cluster, client: Client, record_property: Callable[[str, object], None]
) -> None:
    with cluster.frozen("infer", 0, 1):
        ids = [submit(client, name, RECORDINGS[name]) for name in [*BRIEF] * 2]
        wait_until(lambda: not cluster.unprepared_jobs())
    wait_until(lambda: cluster.claimed_batches() >= 3)  # a worker has two at most, so each of the two has one
    cluster.kill("infer", 0)
    assert {client.ended(job_id)["status"] for job_id in ids} == {"succeeded"}
    resumed = resumed_after(cluster)
    assert resumed
    record_property("seconds until claimed again, most", round(resumed[-1], 1))
    assert resumed[-1] < RESUMED_WITHIN_S


def test_every_job_ends_with_the_undisturbed_result(
    cluster: Cluster, client: Client, record_property: Callable[[str, object], None]
) -> None:
    undisturbed = {name: submit(client, name, RECORDINGS[name]) for name in RECORDINGS}
    expected = {name: result(client, client.ended(job_id)["id"]) for name, job_id in undisturbed.items()}
    storm = Storm(cluster, client, Random(SEED))
    storm.rage()
    record_property("disturbances", storm.disturbances)
    record_property("seconds from the last disturbance to the last job", round(storm.abate(), 1))
    ended = jobs(cluster)
    for property_name, figure in figures(cluster, ended.keys()).items():
        record_property(property_name, figure)
    assert storm.answered < ended.keys()
    for job_id, (name, _) in ended.items():
        job = client.get(f"/v1/jobs/{job_id}").json()
        if job["status"] != "succeeded":
            print(cluster.processes.output("prepare"))  # pytest would shorten it in the assertion
        assert job["status"] == "succeeded", job["error"]
        assert equal(result(client, job_id), expected[name]), job_id
    stored, referenced = cluster.stored_keys(), cluster.referenced_keys()
    for job_id in ended:
        assert referenced[job_id] <= stored[job_id]
        # An attempt that ended before its outcomes were recorded may leave the logits of other groups of segments.
        assert all("/frames/" in key for key in stored[job_id] - referenced[job_id]), stored[job_id]
    assert [set(of_job.values()) for of_job in witness.recorded(cluster.engine).values()] == [{1}] * len(ended)
    assert Work.of(cluster).extra <= MOST_EXTRA or not LONG


def test_a_worker_that_is_frozen_beyond_its_leases_changes_no_outcome(cluster: Cluster, client: Client) -> None:
    ids = [submit(client, name, RECORDINGS[name]) for name in [*BRIEF] * 2]
    wait_until(lambda: cluster.claimed_batches() >= 1)
    with cluster.frozen("infer", 0):
        assert {client.ended(job_id)["status"] for job_id in ids[: len(BRIEF)]} == {"succeeded"}
        wait_until(lambda: not cluster.claimed_batches())  # the leases of the frozen worker have ended
    assert {client.ended(job_id)["status"] for job_id in ids} == {"succeeded"}
    recorded = witness.recorded(cluster.engine)
    assert {count for job_id in ids for count in recorded[job_id].values()} == {1}
