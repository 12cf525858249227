"""The processes of the distributed service over servers of its own, with their CPU time and memory."""

from __future__ import annotations

import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.settings import Settings
from tests.support.processes import ExecutedProcess, Process, url_of, wait_for
from tests.support.servers.postgres import running_postgres
from tests.support.servers.redis import RedisServer
from tests.support.servers.s3 import s3_servers

_PROCESSES = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PARTS = {
    "postgres": "Postgres",
    "redis-server": "Redis",
    "rclone": "store",
    "serve": "API",
    "prepare": "prepare",
    "infer": "infer",
    "finish": "finish",
    "deliver": "deliver",
    "beat": "beat",
}
"""The part of the stack by a word of the process's command line; other processes belong to their parent's part."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Servers, named to Emoline's processes by `environment`; the processes' logs lie in `folder`."""

    environment: dict[str, str]
    folder: Path

    @contextmanager
    def run_workers(self, *roles: str) -> Iterator[None]:
        """Run a worker for each role while the context lasts; they are ready when it begins."""
        with ExitStack() as opened:
            processes = [opened.enter_context(self._process("worker", role)) for role in roles]
            wait_for(*processes)
            yield

    @contextmanager
    def run_api(self) -> Iterator[tuple[str, int]]:
        """Run `emoline serve` and yield its host and port: the API alone, or the whole service without a broker."""
        with self._process("serve", "--port", "0") as process:
            wait_for(process)
            url = urlsplit(url_of(process))
            assert url.hostname
            assert url.port
            yield url.hostname, url.port

    @contextmanager
    def open_services(self) -> Iterator[Services]:
        """Open the ports and use cases over the same servers in this process."""
        variables = {name.lower().removeprefix("emoline_"): value for name, value in self.environment.items()}
        settings = {name: value for name, value in variables.items() if name in Settings.model_fields}
        with open_services(Settings.model_validate(settings), LocalWakeUps()) as services:
            yield services

    def _process(self, *command: str) -> Process:
        return ExecutedProcess(self.folder / f"{uuid.uuid4()}.log", self.environment, *command)


@contextmanager
def run_stack(store: str = "folder", **environment: str) -> Iterator[Stack]:
    """Run Postgres, Redis, and for `S3` an object store while the context lasts; the database is migrated and empty.

    Postgres waits for the disk, as in production. `environment` is added to that of the service's processes.
    """
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="emoline-bench-")))
        postgres = opened.enter_context(running_postgres(durable=True))
        redis = opened.enter_context(RedisServer())
        url = postgres.url.render_as_string(hide_password=False)
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        servers = {
            "EMOLINE_DATABASE_URL": url,
            "EMOLINE_BROKER_URL": redis.url,
            "EMOLINE_DATA_DIR": str(folder / "data"),
        }
        if store == "S3":
            server = opened.enter_context(s3_servers())["rclone"]
            servers |= {
                "EMOLINE_STORE_URL": server.url(),
                "EMOLINE_STORE_ENDPOINT_URL": server.endpoint_url,
                "EMOLINE_STORE_PATH_STYLE": "true",
            }
        yield Stack(servers | environment, folder)


@contextmanager
def embedded_stack(**environment: str) -> Iterator[Stack]:
    """Yield a stack without servers: SQLite and a folder."""
    with TemporaryDirectory(prefix="emoline-bench-") as name:
        yield Stack({"EMOLINE_DATA_DIR": f"{name}/data", **environment}, Path(name))


def cpu_s() -> dict[str, float]:
    """Return the CPU seconds so far by part, of all processes under this one, ended ones included."""
    used: dict[str, float] = defaultdict(float)
    for part, fields in _descendants():
        # User and system time of the process, and of its children that were waited for.
        used[part] += sum(map(int, fields[11:15])) / _TICKS
    return used


def resident_bytes(part: str) -> int:
    """Return the resident bytes of a part's processes; shared memory counts in each."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(int(fields[21]) * page for name, fields in _descendants() if name == part)


def _descendants() -> Iterator[tuple[str, list[str]]]:
    """Yield the part of each process under this one, and the fields after the name in its /proc/PID/stat."""
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[1]), []).append(pid)
    pending = [(pid, "other") for pid in children.get(os.getpid(), [])]
    while pending:
        pid, parent_part = pending.pop()
        part = _part(pid) or parent_part
        pending += [(child, part) for child in children.get(pid, [])]
        yield part, stats[pid]


def _stats() -> Iterator[tuple[int, list[str]]]:
    for entry in _PROCESSES.iterdir():
        if entry.name.isdecimal():
            try:
                yield int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue


def _part(pid: int) -> str | None:
    try:
        command = (_PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return None
    words = {Path(word).name for word in command.split()}
    return next((part for word, part in _PARTS.items() if word in words or f"{word}:" in words), None)
