"""Processes are frozen beyond their leases, and each one's network to each server is cut, slowed, or silent one way.

`make chaos` runs it; `CHAOS_SITUATIONS` is how many faults of links are tried, by a fixed seed.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, text

from shared.db.engine import open_engine
from shared.db.schema import migrate
from tests.chaos import witness
from tests.chaos.cluster import LEASE_S
from tests.chaos.sent_jobs import recordings, result, submit
from tests.chaos.supervisor import Supervisor
from tests.support.embedded_process import children_of
from tests.support.results import equal
from tests.support.servers.link import TO_CLIENT, TO_SERVER, Link
from tests.support.servers.postgres import running_postgres
from tests.support.servers.redis import RedisServer
from tests.support.servers.s3 import s3_servers
from tests.support.service_client import Client
from tests.support.waiting import wait_until

SITUATIONS = int(os.environ.get("CHAOS_SITUATIONS", "0"))
ROLES = ("api", "beat", "prepare", "infer", "infer", "finish", "deliver")
SERVERS = ("Postgres", "Redis", "store")
LASTS_S = 2.5 * LEASE_S
DELAY_S = 0.3
SEED = 11
RECORDINGS = recordings(range(8, 13))

pytestmark = [
    pytest.mark.skipif(not SITUATIONS, reason="CHAOS_SITUATIONS is not set, as `make chaos` does."),
    pytest.mark.timeout(3600),
]

Situation = Callable[[], AbstractContextManager[None]]


def descendants(pid: int) -> list[int]:
    """A process and all under it."""
    return [pid, *(each for child in children_of(pid) for each in descendants(child))]


@dataclass
class Network:
    """The distributed service, whose processes reach each server by a link of their own, by place and server."""

    url: str
    engine: Engine
    processes: Supervisor
    links: dict[tuple[int, str], Link]

    @contextmanager
    def frozen(self, place: int) -> Iterator[None]:
        """SIGSTOP a process and all under it while the context lasts."""
        pids = descendants(self.processes.pid(place))
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def freezes(self) -> dict[str, Situation]:
        """Return each process's freeze, by name."""
        return {f"{role} {place} frozen": partial(self.frozen, place) for place, role in enumerate(ROLES)}

    def faults(self) -> dict[str, Situation]:
        """Return what can be done to each link, by name."""
        done: dict[str, Situation] = {}
        for (place, server), link in self.links.items():
            name = f"{ROLES[place]} {place}, {server}"
            done |= {
                f"{name}: cut": link.cut,
                f"{name}: silent both ways": partial(link.silent, TO_SERVER, TO_CLIENT),
                f"{name}: silent to the server": partial(link.silent, TO_SERVER),
                f"{name}: silent to the process": partial(link.silent, TO_CLIENT),
                f"{name}: slow": partial(link.slow, DELAY_S),
            }
        return done


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        redis = stack.enter_context(RedisServer())
        store = stack.enter_context(s3_servers())["rclone"]
        addresses = {
            "Postgres": ("127.0.0.1", postgres.url.port or 0),
            "Redis": ("127.0.0.1", urlsplit(redis.url).port or 0),
            "store": ("127.0.0.1", urlsplit(store.endpoint_url).port or 0),
        }
        links = {
            (place, server): stack.enter_context(Link(*addresses[server]))
            for place in range(len(ROLES))
            for server in SERVERS
        }
        environment = {
            "EMOLINE_BATCH_AUDIO_S": "25",
            "EMOLINE_DATA_DIR": str(folder),
            "EMOLINE_LEASE_S": str(LEASE_S),
            "EMOLINE_LOG_FORMAT": "console",
            "EMOLINE_PRECISION": "fp32",
            "EMOLINE_STORE_PATH_STYLE": "true",
            "EMOLINE_STORE_URL": store.url(),
        }
        own = [
            {
                "EMOLINE_DATABASE_URL": postgres.url.set(port=links[place, "Postgres"].port).render_as_string(),
                "EMOLINE_BROKER_URL": f"redis://127.0.0.1:{links[place, 'Redis'].port}/0",
                "EMOLINE_STORE_ENDPOINT_URL": f"http://127.0.0.1:{links[place, 'store'].port}",
            }
            for place in range(len(ROLES))
        ]
        engine = open_engine(postgres.url.render_as_string())
        stack.callback(engine.dispose)
        migrate(engine)
        witness.install(engine)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        commands = [["serve", "--port", port], *(["worker", role] for role in ROLES[1:])]
        processes = stack.enter_context(Supervisor(folder, environment, commands, own))
        yield Network(f"http://127.0.0.1:{port}", engine, processes, links)


def unfinished(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM jobs WHERE finished_at IS NULL")) or 0)


def test_no_frozen_process_and_no_broken_link_changes_a_result(
    network: Network, record_property: Callable[[str, object], None]
) -> None:
    random, slowest = Random(SEED), ("", 0.0)
    freezes, faults = network.freezes(), network.faults()
    situations = freezes | faults
    chosen = [*freezes, *random.sample(sorted(faults), min(SITUATIONS, len(faults)))]
    with Client(base_url=network.url) as client:
        expected = {
            name: result(client, client.ended(submit(client, name, RECORDINGS[name]))["id"]) for name in RECORDINGS
        }
        jobs: dict[str, str] = {}
        for situation in chosen:
            names = random.choices(list(RECORDINGS), k=2)
            jobs |= {submit(client, name, RECORDINGS[name]): name for name in names}
            time.sleep(random.uniform(0, 1))
            with situations[situation]():
                time.sleep(LASTS_S)
            healed = time.monotonic()
            print(situation)
            jobs[submit(client, names[0], RECORDINGS[names[0]])] = names[0]
            wait_until(lambda: not unfinished(network.engine), partial(str, situation))
            slowest = max(slowest, (situation, time.monotonic() - healed), key=lambda pair: pair[1])
        for job_id, name in jobs.items():
            job = client.get(f"/v1/jobs/{job_id}").json()
            assert job["status"] == "succeeded", job["error"]
            assert equal(result(client, job_id), expected[name]), job_id
    assert {count for of_job in witness.recorded(network.engine).values() for count in of_job.values()} == {1}
    record_property("situations; jobs", f"{len(chosen)}; {len(jobs)}")
    record_property("processes started again", network.processes.restarts)
    record_property("seconds until all was done, most", f"{slowest[1]:.0f}, {slowest[0]}")
