"""The distributed service with everything that it needs, each a process of its own that can be hurt."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from shared.adapters.s3_client import connect
from shared.db.engine import open_engine
from shared.db.schema import migrate
from tests.chaos import witness
from tests.chaos.supervisor import Supervisor
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.postgres import PostgresServer, running_postgres
from tests.support.servers.redis import RedisServer
from tests.support.servers.s3 import S3Server, s3_servers

LEASE_S = 3.0
"""A tenth of the default, so that there is time for many deaths."""
WORKERS = ("beat", "prepare", "infer", "infer", "finish")
# The segments of a batch have one lease.
_IN_HAND = text("SELECT count(DISTINCT lease_until) FROM segments WHERE status = 'pending' AND lease_until > now()")
_UNPREPARED = text("SELECT count(*) FROM jobs WHERE state IN ('queued', 'preparing')")
_REFERENCED = text(
    "SELECT recording->>'source_key' FROM jobs UNION SELECT 'jobs/' || id || '/waveform.npy' FROM jobs "
    "UNION SELECT 'jobs/' || id || '/speech.json' FROM jobs "
    "UNION SELECT audio_key FROM segments UNION SELECT logits_key FROM segments"
)
_BATCH = re.compile(r"batch\.done.* recorded=(\d+) .*segments=(\d+)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Cluster:
    """`killed` is when, in seconds since 1970, workers were killed that may have held segments."""

    url: str
    postgres: PostgresServer
    redis: RedisServer
    server: S3Server
    store: CuttingProxy
    engine: Engine
    processes: Supervisor
    killed: list[float] = field(default_factory=list)
    kills: int = 0

    def kill_api(self) -> None:
        self._kill(0)

    def kill(self, role: str, which: int) -> None:
        """kill -9 of one of the workers of a role."""
        if role == "infer":
            self.killed.append(time.time())
        self._kill(_places(role)[which])

    @contextmanager
    def frozen(self, role: str, *which: int) -> Iterator[None]:
        """SIGSTOP of workers of a role while the context lasts."""
        places = [_places(role)[number] for number in which]
        for place in places:
            self.processes.signal(place, signal.SIGSTOP)
        yield
        for place in places:
            self.processes.signal(place, signal.SIGCONT)

    def claimed_batches(self) -> int:
        """Return the number of batches of segments that workers have claimed."""
        with self.engine.connect() as connection:
            return int(connection.scalar(_IN_HAND) or 0)

    def unprepared_jobs(self) -> int:
        """Return the number of jobs whose recordings are not prepared yet."""
        with self.engine.connect() as connection:
            return int(connection.scalar(_UNPREPARED) or 0)

    def stored_keys(self) -> dict[str, set[str]]:
        """Return the keys of the objects in the store, by job."""
        client = connect(self.server.endpoint_url, path_style=True)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.server.bucket)
        keys = [entry["Key"].split("/", 1)[1] for page in pages for entry in page.get("Contents", [])]
        client.close()
        return _by_job(keys)

    def referenced_keys(self) -> dict[str, set[str]]:
        """Return the keys of the objects that the database names, by job."""
        with self.engine.connect() as connection:
            return _by_job(connection.scalars(_REFERENCED))

    def refused(self) -> int:
        """Count the outcomes that were not recorded because another worker had the segment by then."""
        batches = _BATCH.finditer(_COLOURS.sub("", self.processes.output("infer")))
        return sum(int(segments) - int(recorded) for recorded, segments in (batch.groups() for batch in batches))

    def _kill(self, place: int) -> None:
        self.kills += 1
        self.processes.kill(place)


def _places(role: str) -> list[int]:
    """Return the places of the workers of a role among the processes."""
    return [place for place, worker_role in enumerate(WORKERS, 1) if worker_role == role]


def _by_job(keys: Iterable[str]) -> dict[str, set[str]]:
    by_job: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        by_job[key.split("/")[1]].add(key)
    return by_job


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        redis = stack.enter_context(RedisServer())
        server = stack.enter_context(s3_servers())["rclone"]
        proxy = stack.enter_context(CuttingProxy(server.endpoint_url))
        database_url = postgres.url.render_as_string()
        environment = {
            "EMOLINE_BATCH_AUDIO_S": "25",
            "EMOLINE_BROKER_URL": redis.url,
            "EMOLINE_DATABASE_URL": database_url,
            "EMOLINE_DATA_DIR": str(folder),
            "EMOLINE_LEASE_S": str(LEASE_S),
            "EMOLINE_LOG_FORMAT": "console",
            "EMOLINE_PRECISION": "fp32",
            "EMOLINE_STORE_ENDPOINT_URL": proxy.url,
            "EMOLINE_STORE_PATH_STYLE": "true",
            "EMOLINE_STORE_URL": server.url(),
        }
        engine = open_engine(database_url)
        stack.callback(engine.dispose)
        migrate(engine)
        witness.install(engine)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        commands = [["serve", "--port", port], *(["worker", role] for role in WORKERS)]
        processes = stack.enter_context(Supervisor(folder, environment, commands))
        url = f"http://127.0.0.1:{port}"
        yield Cluster(url, postgres, redis, server, proxy, engine, processes)
