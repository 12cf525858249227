"""The distributed service as its processes, over servers of its own, and what each of them takes of the machine."""

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
from tests.support.processes import Process, url_of, wait_for
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
    "beat": "beat",
}
"""What a word of a command line tells about a process; the children that are not told apart belong to their parent."""


@dataclass(frozen=True, slots=True)
class Stack:
    """`environment` names the servers to Emoline's processes; what these say lies in `folder`."""

    environment: dict[str, str]
    folder: Path

    @contextmanager
    def running(self, *roles: str) -> Iterator[None]:
        """Workers, by role, and ready."""
        with ExitStack() as stack:
            processes = [stack.enter_context(self._process("worker", role)) for role in roles]
            wait_for(*processes)
            yield

    @contextmanager
    def api(self) -> Iterator[tuple[str, int]]:
        """Host and port of `emoline serve`: the API alone, or the whole service where no broker is set."""
        with self._process("serve", "--port", "0") as process:
            wait_for(process)
            url = urlsplit(url_of(process))
            assert url.hostname
            assert url.port
            yield url.hostname, url.port

    @contextmanager
    def services(self) -> Iterator[Services]:
        """The ports and use cases over the same servers, in this process."""
        names = {name.lower().removeprefix("emoline_"): value for name, value in self.environment.items()}
        given = {name: value for name, value in names.items() if name in Settings.model_fields}
        with open_services(Settings.model_validate(given), LocalWakeUps()) as services:
            yield services

    def _process(self, *command: str) -> Process:
        return Process(self.folder / f"{uuid.uuid4()}.log", self.environment, *command)


@contextmanager
def stack(store: str = "folder", **environment: str) -> Iterator[Stack]:
    """Postgres, which waits for the disk, Redis, and a folder or, for `S3`, a store; with a schema and no job."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="emoline-bench-")))
        postgres = opened.enter_context(running_postgres(durable=True))
        redis = opened.enter_context(RedisServer())
        url = postgres.url.render_as_string(hide_password=False)
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield Stack(
            {
                "EMOLINE_DATABASE_URL": url,
                "EMOLINE_BROKER_URL": redis.url,
                "EMOLINE_DATA_DIR": str(folder / "data"),
                **(_s3(opened) if store == "S3" else {}),
                **environment,
            },
            folder,
        )


@contextmanager
def embedded(**environment: str) -> Iterator[Stack]:
    """No server at all: SQLite and a folder."""
    with TemporaryDirectory(prefix="emoline-bench-") as name:
        yield Stack({"EMOLINE_DATA_DIR": f"{name}/data", **environment}, Path(name))


def _s3(opened: ExitStack) -> dict[str, str]:
    server = opened.enter_context(s3_servers())["rclone"]
    return {
        "EMOLINE_STORE_URL": server.url(),
        "EMOLINE_STORE_ENDPOINT_URL": server.endpoint_url,
        "EMOLINE_STORE_PATH_STYLE": "true",
    }


def cpu_s() -> dict[str, float]:
    """The CPU seconds so far of each part of what runs under this process, those that have ended included."""
    used: dict[str, float] = defaultdict(float)
    for part, fields in _descendants():
        # User and system time, its own and that of children who were waited for.
        used[part] += sum(map(int, fields[11:15])) / _TICKS
    return used


def resident_bytes(part: str) -> int:
    """Memory of the processes of a part, what they share counted in each."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(int(fields[21]) * page for found, fields in _descendants() if found == part)


def _descendants() -> Iterator[tuple[str, list[str]]]:
    """The part of each process under this one, and what /proc/PID/stat has after its name."""
    stats = dict(_stats())
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[1]), []).append(pid)
    found = [(pid, "other") for pid in children.get(os.getpid(), [])]
    while found:
        pid, parents = found.pop()
        part = _part(pid) or parents
        found += [(child, part) for child in children.get(pid, [])]
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
