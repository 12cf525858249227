"""A disk that is truly full: the service keeps its database and its recordings on a small one of its own.

`tests/e2e/test_outages.py` runs anywhere; this needs a system that lets one mount in a namespace of one's own.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.settings import Settings
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.processes import ExecutedProcess, url_of, wait_for
from tests.support.results import equal
from tests.support.service_client import Client
from tests.support.waiting import wait_until

DISK_BYTES = 16 << 20
SOUND = speech_like(120, seed=21).samples[:, None]
LARGE, SMALL = encoded(SOUND, 16_000, "wav"), encoded(SOUND, 16_000, "opus")
"""The same, with 3.8 and 0.6 MB; the segments, which are FLAC, have 1.5 MB."""
ROOM = 1_200_000
"""Bytes: for `SMALL` and the database's log, but not for its segments besides."""


def on_small_disk(folder: Path) -> list[str]:
    """Return the prefix of a command that is to see a small disk at `folder`."""
    mount = f'mount -t tmpfs -o size={DISK_BYTES} none "$0" && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)]


class OnSmallDisk(ExecutedProcess):
    """A command of Emoline with a small disk for its data; `disk` is where others find that."""

    def __init__(self, folder: Path, log: Path, *arguments: str) -> None:
        environment = {"EMOLINE_DATA_DIR": str(folder), "EMOLINE_LEASE_S": "2", "EMOLINE_LOG_FORMAT": "console"}
        super().__init__(log, environment, *arguments)
        self.prefix = on_small_disk(folder)
        self._folder = folder

    @property
    def disk(self) -> Path:
        return Path(f"/proc/{self.process.pid}/root/{self._folder}")

    def leave(self, room: int) -> None:
        """Leaves so many bytes on the disk, and none if it is 0."""
        ballast = self.disk / "ballast"
        ballast.unlink(missing_ok=True)
        free = os.statvfs(self.disk)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - room)


def refused_start(folder: Path, mount: str) -> str:
    """Return the log of a service that does not start, after `mount` was run for its data folder, `$0`."""
    log = folder.with_name("refused.log")
    serve = ExecutedProcess(log, {"EMOLINE_DATA_DIR": str(folder)}, "serve", "--port", "0")
    serve.prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', str(folder)]
    with serve:
        assert serve.status() == 1
        return serve.output


@pytest.mark.parametrize(
    ("mount", "used"),
    [
        ('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', False),
        ('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', True),
        ('mount -t tmpfs -o size=64k none "$0" && head -c 65536 /dev/zero > "$0/ballast"', False),
    ],
)
def test_a_folder_that_is_read_only_or_full_at_the_start_is_told_in_a_sentence(
    tmp_path: Path, mount: str, used: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    require_namespaces(folder)
    if used:
        with open_services(Settings(data_dir=folder), LocalWakeUps()):
            pass
    said = "".join(refused_start(folder, mount).split())  # the console wraps paths too
    assert "Traceback" not in said
    assert str(folder) in said
    assert said.endswith(".")


def require_namespaces(folder: Path) -> None:
    if subprocess.run([*on_small_disk(folder), "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("This system lets nobody but root mount a disk.")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[OnSmallDisk]:
    folder = tmp_path / "data"
    folder.mkdir()
    require_namespaces(folder)
    with OnSmallDisk(folder, tmp_path / "log", "serve", "--port", "0") as serve:
        wait_for(serve)
        yield serve


@pytest.fixture
def client(service: OnSmallDisk) -> Iterator[Client]:
    with Client(base_url=url_of(service)) as opened:
        yield opened


def scores(client: Client, job_id: str) -> list[dict[str, float]]:
    result: dict[str, Any] = client.get(f"/v1/jobs/{job_id}/result").json()
    return [segment["scores"] for segment in result["segments"]]


def refused(client: Client, content: bytes) -> None:
    answer = client.post("/v1/jobs", content=content)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert int(answer.headers["retry-after"]) > 0


def test_a_full_disk_is_an_error_and_jobs_continue_when_there_is_room(service: OnSmallDisk, client: Client) -> None:
    before, _ = client.analysed(SMALL)
    service.leave(0)
    refused(client, SMALL)
    service.leave(ROOM)
    refused(client, LARGE)
    assert list((service.disk / "objects" / ".incoming").iterdir()) == []
    waiting = client.submit(SMALL)["id"]
    # Either is full first, by how long the database's log is just then: the database itself, or the store of segments.
    told = re.compile(r"worker\.outage .*no room left|code=storage_full")
    wait_until(lambda: len(told.findall(service.output)) >= 2, lambda: service.output)
    assert client.get(f"/v1/jobs/{waiting}").json()["status"] == "processing"
    service.leave(DISK_BYTES // 2)
    assert client.ended(waiting)["status"] == "succeeded"
    assert equal(scores(client, waiting), scores(client, before["id"]))
    assert [job["status"] for job in client.get("/v1/jobs").json()["data"]] == ["succeeded", "succeeded"]
