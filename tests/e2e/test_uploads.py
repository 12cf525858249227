"""Uploads as clients do them: real lines that break, a real client of tus, real URLs of a store."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from tusclient.client import TusClient

from api.app import create_app
from api.server import listen, serving
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.settings import Settings
from tests.support.embedded_process import served
from tests.support.media.case import spoken
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.missing import leave_out
from tests.support.servers.s3 import S3Server, S3Servers, s3_servers
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S, wait_until
from worker.container import prepare_work
from worker.pipeline_builder import build_decoder

MB = 1 << 20
CONTENT = spoken("wav") + random.Random(1).randbytes(12 * MB)
"""A recording of a second, and much behind it that is none."""
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CUT = len(CONTENT) * 6 // 10
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "upload-in-parts.md"


@dataclass(frozen=True)
class Place:
    """A service, and where it keeps recordings if that is not a folder."""

    client: Client
    services: Services
    server: S3Server | None

    @property
    def url(self) -> str:
        return str(self.client.base_url)

    def stored(self) -> list[str]:
        """The keys of all stored objects."""
        return sorted([*self.services.object_store.sizes("uploads/"), *self.services.object_store.sizes("jobs/")])


@pytest.fixture(scope="module")
def servers() -> Iterator[S3Servers]:
    with s3_servers() as running:
        yield running


@contextmanager
def at(settings: Settings, server: S3Server | None) -> Iterator[Place]:
    with (
        listen("127.0.0.1", 0) as listener,
        open_services(settings, LocalWakeUps()) as services,
        serving(create_app(services, ["127.0.0.1"]), listener) as url,
        Client(base_url=url) as client,
    ):
        yield Place(client, services, server)


@pytest.fixture(params=["folder", "moto", "rclone"])
def place(request: pytest.FixtureRequest, tmp_path: Path, servers: S3Servers) -> Iterator[Place]:
    server = None if request.param == "folder" else servers[request.param]
    settings = server.settings(tmp_path, server.url()) if server else Settings(data_dir=tmp_path)
    with at(settings, server) as opened:
        yield opened


def created(client: Client, size: int) -> str:
    """The path of a new upload over tus."""
    answer = client.post("/v1/uploads/tus", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size)})
    return str(answer.headers["location"])


@contextmanager
def line(url: str, path: str, content: bytes, size: int) -> Iterator[None]:
    """A connection over which `content` of the announced `size` bytes goes to an upload, until the context is left."""
    head = [
        f"PATCH {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {size}",
    ]
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + content)
        yield


def offset_after(client: Client, path: str, least: int) -> int:
    """Return the number of stored bytes once it is at least that."""

    def offset() -> int:
        return int(client.head(path, headers={"Tus-Resumable": "1.0.0"}).headers["upload-offset"])

    wait_until(lambda: offset() >= least, offset)
    return offset()


def resume(url: str, path: str, content: bytes, **how: Any) -> None:
    """Continue a known upload as tuspy does."""
    client = TusClient(urljoin(url, "/v1/uploads/tus"))
    client.uploader(file_stream=io.BytesIO(content), url=urljoin(url, path), **how).upload()


def upload_at(client: Client, path: str) -> dict[str, Any]:
    return dict(client.get(path.replace("/tus", "")).json())


def test_an_upload_interrupted_at_60_percent_resumes_and_becomes_a_job(place: Place) -> None:
    path = created(place.client, len(CONTENT))
    with line(place.url, path, CONTENT[:CUT], len(CONTENT)):
        pass
    stored_bytes = offset_after(place.client, path, 1)
    assert CUT - MB < stored_bytes <= CUT
    resume(place.url, path, CONTENT, chunk_size=3 * MB)
    upload = upload_at(place.client, path)
    assert (upload["state"], upload["sha256"], upload["size_bytes"]) == ("complete", SHA256, len(CONTENT))
    answer = place.client.post("/v1/jobs", json={"source": {"upload_id": upload["id"]}, "metadata": {"case": "7"}})
    job = place.services.jobs.get(answer.json()["id"])
    assert (job.recording.sha256, job.options.metadata) == (SHA256, {"case": "7"})
    assert place.stored() == [job.recording.source_key]
    second = place.client.post("/v1/jobs", json={"source": {"upload_id": upload["id"]}})
    assert (second.status_code, second.json()["code"]) == (409, "upload_used")
    assert prepare_work(place.services, build_decoder(place.services.settings), Event()).run_once()
    assert place.services.jobs.get(job.id).state is JobState.INFERRING
    place.services.cancellation.delete(job.id)
    assert place.stored() == []


def test_a_silent_connection_does_not_block_a_resumed_upload(place: Place) -> None:
    path = created(place.client, len(CONTENT))
    with line(place.url, path, CONTENT[:CUT], len(CONTENT)):
        resume(place.url, path, CONTENT, chunk_size=5 * MB)
        assert upload_at(place.client, path)["sha256"] == SHA256
    assert len(place.stored()) == 1


def test_a_client_that_did_not_get_the_answer_to_its_last_byte_asks_and_is_content(place: Place) -> None:
    path = created(place.client, len(CONTENT))
    with CuttingProxy(place.url) as proxy:
        client = TusClient(urljoin(proxy.url, "/v1/uploads/tus"))
        uploader = client.uploader(
            file_stream=io.BytesIO(CONTENT), url=urljoin(proxy.url, path), retries=20, retry_delay=1
        )
        proxy.cut(1, 10)
        uploader.upload()
        assert proxy.cuts_left == 0
    assert upload_at(place.client, path)["sha256"] == SHA256


def test_a_client_makes_fills_and_names_an_upload_by_itself(place: Place) -> None:
    client = TusClient(urljoin(place.url, "/v1/uploads/tus"))
    uploader = client.uploader(file_stream=io.BytesIO(CONTENT), metadata={"filename": "Grüße.wav"})
    uploader.upload()
    upload = upload_at(place.client, urlsplit(str(uploader.url)).path)
    assert (upload["state"], upload["filename"], upload["sha256"]) == ("complete", "Grüße.wav", SHA256)


def begun(place: Place, part_bytes: int = 5 * MB) -> dict[str, Any]:
    body = {"filename": "call.wav", "size_bytes": len(CONTENT), "part_bytes": part_bytes}
    return dict(place.client.post("/v1/uploads", json=body).json())


def put_part(place: Place, part: dict[str, Any], content: bytes = CONTENT) -> None:
    """Sends a part as anybody would who has the URL and no key."""
    chosen = content[part["offset"] :][: part["size_bytes"]]
    httpx2.put(urljoin(place.url, part["url"]), content=chosen, timeout=PATIENCE_S).raise_for_status()


def test_parts_go_directly_to_the_store_and_late_parts_change_nothing(place: Place) -> None:
    upload = begun(place)
    for part in upload["parts"]:
        assert place.server is None or part["url"].startswith(place.server.endpoint_url)
    for part in upload["parts"][1:]:
        put_part(place, part)
    stored_bytes = upload_at(place.client, f"/v1/uploads/{upload['id']}")
    assert [part["stored"] for part in stored_bytes["parts"]] == [False, True, True]
    put_part(place, stored_bytes["parts"][0])
    path = f"/v1/uploads/{upload['id']}/complete"
    assert place.client.post(path, json={"sha256": SHA256}).json()["state"] == "complete"
    if place.server:
        put_part(place, upload["parts"][1], bytes(len(CONTENT)))  # its URL is good yet
    job = place.services.uploads.submit(upload["id"], JobOptions())
    with place.services.object_store.open(job.recording.source_key) as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256  # type: ignore[arg-type]
    place.services.cancellation.delete(job.id)
    assert all(key.startswith(f"uploads/{upload['id']}/") for key in place.stored())


def test_one_of_two_concurrent_completions_succeeds(place: Place) -> None:
    upload = begun(place)
    for part in upload["parts"]:
        put_part(place, part)
    path = f"/v1/uploads/{upload['id']}/complete"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: place.client.post(path), range(4)))
    codes = {answer.json().get("code") for answer in answers}
    assert None in codes
    assert codes <= {None, "upload_busy", "upload_complete"}
    assert upload_at(place.client, f"/v1/uploads/{upload['id']}")["sha256"] == SHA256
    assert len(place.stored()) == 1


def test_the_commands_of_the_page_send_a_recording_in_parts(place: Place, tmp_path: Path) -> None:
    for program in ("curl", "jq"):
        if shutil.which(program) is None:
            leave_out(f"{program} is not installed.")
    page = PAGE.read_text(encoding="utf-8").partition("## By parts")[2]
    commands = page.partition("```sh\n")[2].partition("```")[0].replace("http://127.0.0.1:8000", place.url.rstrip("/"))
    (tmp_path / "call.mp3").write_bytes(CONTENT)
    completed = subprocess.run(["sh", "-euc", commands], cwd=tmp_path, capture_output=True, text=True, check=True)
    upload = json.loads(completed.stdout)
    assert (upload["state"], upload["filename"], upload["sha256"]) == ("complete", "call.mp3", SHA256)


def test_an_upload_outlives_the_service_that_took_it(tmp_path: Path) -> None:
    content = spoken("wav") + random.Random(2).randbytes(70 * MB)
    with ExitStack() as killed:
        process, client = killed.enter_context(served(tmp_path))
        path = created(client, len(content))
        with line(str(client.base_url), path, content[:-1], len(content)):
            stored_bytes = offset_after(client, path, 1)
            process.kill()
    assert 64 * MB <= stored_bytes < 66 * MB
    with served(tmp_path) as (_, client):
        resume(str(client.base_url), path, content, chunk_size=64 * MB)
        assert upload_at(client, path)["sha256"] == hashlib.sha256(content).hexdigest()
