"""The API of the distributed service as several processes at one address."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.embedded_process import children_of
from tests.support.figures import figures
from tests.support.media.case import spoken
from tests.support.processes import Process, url_of, wait_for
from tests.support.service_client import Client
from tests.support.waiting import wait_until

PROCESSES = 3


@pytest.fixture
def environment(postgres_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "EMOLINE_DATABASE_URL": postgres_url,
        "EMOLINE_BROKER_URL": redis_url,
        "EMOLINE_DATA_DIR": str(tmp_path / "data"),
        "EMOLINE_API_PROCESSES": str(PROCESSES),
    }


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path / "serve.log", environment, "serve", "--port", "0") as process:
        wait_for(process)
        yield process


def wait_until_gone(*pids: int) -> None:
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), lambda: pids)


def sockets_of(pid: int) -> int:
    links = (os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir())
    return sum(link.startswith("socket:") for link in links)


def test_api_processes_share_connections_and_jobs(serve: Process) -> None:
    children = children_of(serve.process.pid)
    assert len(children) == PROCESSES
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(base_url=url_of(serve))) for _ in range(60)]
        job_id = clients[0].submit(spoken("wav"))["id"]
        before = {pid: sockets_of(pid) for pid in children}
        for client in clients:
            assert client.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"
        assert all(sockets_of(pid) >= before[pid] + 5 for pid in children)


def test_a_scrape_of_any_api_process_has_the_sums_over_all(serve: Process) -> None:
    requests, asked = "emoline_http_requests_total", {"route": "/v1/jobs", "method": "GET", "status": "200"}
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(base_url=url_of(serve))) for _ in range(60)]
        children = children_of(serve.process.pid)
        before = {pid: sockets_of(pid) for pid in children}
        for client in clients:
            client.get("/v1/jobs")
        assert all(sockets_of(pid) > before[pid] for pid in children), "each has counted some"
        for client in clients[:12]:
            metrics = figures(client.get("/metrics").text)
            assert metrics[requests, asked] == len(clients)
            assert metrics["emoline_http_request_duration_seconds_count", {"route": "/v1/jobs"}] == len(clients)
            assert metrics.total("emoline_database_up") == metrics.total("emoline_build_info") == 1


def test_a_stopped_server_ends_with_all_of_its_processes(serve: Process) -> None:
    children = children_of(serve.process.pid)
    serve.terminate()
    assert serve.status() == 0
    wait_until_gone(*children)


def test_a_killed_server_takes_its_processes_along_and_frees_the_address(
    serve: Process, environment: dict[str, str], tmp_path: Path
) -> None:
    children = children_of(serve.process.pid)
    serve.kill()
    wait_until_gone(*children)
    port = url_of(serve).rpartition(":")[2]
    with Process(tmp_path / "again.log", environment, "serve", "--port", port) as restarted:
        wait_for(restarted)


def test_the_server_ends_when_one_of_its_processes_ends(serve: Process) -> None:
    children = children_of(serve.process.pid)
    os.kill(min(children), signal.SIGKILL)
    serve.status()
    assert "api.process_ended" in serve.output
    wait_until_gone(*children)


def test_an_address_in_use_is_an_error(serve: Process, environment: dict[str, str], tmp_path: Path) -> None:
    port = url_of(serve).rpartition(":")[2]
    with Process(tmp_path / "second.log", environment, "serve", "--port", port) as second:
        assert second.status() == 1
        assert "cannot listen" in " ".join(second.output.split())
