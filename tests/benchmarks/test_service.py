"""The service benchmark: its arithmetic, its load generator, and a tiny run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from lab.benchmarks.claims import ClaimCost
from lab.benchmarks.machine import Machine
from lab.benchmarks.service.load_generator import Stream
from lab.benchmarks.service.overhead import Overhead
from lab.benchmarks.service.rates import Rate, Situation
from lab.benchmarks.service.report import ServiceReport
from lab.benchmarks.service.scaling import Scaling
from lab.benchmarks.service.stack import cpu_s, resident_bytes
from lab.benchmarks.service.uploads import UploadCost
from tests.support.waiting import PATIENCE_S

TAKES_S = 0.05
KEY = "a secret"


class SlowHandler(BaseHTTPRequestHandler):
    """A handler that answers after a while: 202 to an expected body, 200 and 404 to GET."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        time.sleep(TAKES_S)
        right = self.rfile.read(int(self.headers["Content-Length"])) == b"sound"
        self._answer(202 if right and self.headers["Authorization"] == f"Bearer {KEY}" else 400)

    def do_GET(self) -> None:
        time.sleep(TAKES_S)
        self._answer(200 if self.path == "/there" else 404)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def send(port: int, *streams: Stream) -> list[dict[str, Any]]:
    """Send streams with the load generator and return their answers."""
    command = [sys.executable, "-m", "lab.benchmarks.service.load_generator", "127.0.0.1", str(port)]
    requests = json.dumps([stream.lasting(stream.seconds) for stream in streams])
    completed = subprocess.run(
        command, input=requests, text=True, stdout=subprocess.PIPE, check=True, timeout=PATIENCE_S
    )
    answers: list[dict[str, Any]] = json.loads(completed.stdout)["answers"]
    return answers


def test_each_connection_sends_the_next_request_after_an_answer(port: int) -> None:
    [answers] = send(port, Stream("poll", "GET", ["/there", "/gone"], 4, 0.5, KEY))
    assert min(answers["latencies_s"]) >= TAKES_S
    assert 4 <= len(answers["latencies_s"]) <= 4 * 0.6 / TAKES_S
    assert answers["statuses"]["200"] == pytest.approx(answers["statuses"]["404"], abs=1)


def test_due_requests_are_sent_late_rather_than_never_and_their_wait_counts(port: int, tmp_path: Any) -> None:
    (tmp_path / "sound").write_bytes(b"sound")
    [answers] = send(port, Stream("submit", "POST", ["/there"], 1, 0.5, KEY, rate=40, body=str(tmp_path / "sound")))
    assert answers["statuses"] == {"202": 20}
    assert max(answers["latencies_s"]) > 20 * TAKES_S - 0.5 - TAKES_S


def test_streams_run_at_the_same_time(port: int) -> None:
    polls = [Stream("poll", "GET", ["/there"], 2, 0.5, KEY, rate) for rate in (10, 20)]
    assert [len(answers["latencies_s"]) for answers in send(port, *polls)] == [5, 10]


def test_a_closed_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with pytest.raises(subprocess.CalledProcessError):
            send(listener.getsockname()[1], Stream("poll", "GET", ["/"], 1, 1.0, KEY))


def test_cpu_and_memory_of_children_are_counted_by_part() -> None:
    busy = "import sys, time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\nsys.stdin.read()"
    command, before = [sys.executable, "-c", busy, "beat"], cpu_s()["beat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert 0.4 < cpu_s()["beat"] - before < 2
        assert resident_bytes("beat") > 2**20
    assert resident_bytes("beat") == 0


REPORT = ServiceReport(
    Machine.current(),
    3,
    [Situation([Rate("both", "poll", 300.0, 299.0, 4.0, 80.0, 2)], {"API": 0.5, "client": 0.1}, 0.1)],
    Scaling(500, {1: [60, 61, 62], 2: [30, 32, 31]}, {1: [50, 50, 50], 2: [25, 25, 26]}, 7),
    [Overhead("one", [10, 10, 10], [10.5, 11, 11], [12, 12.5, 11])],
    [ClaimCost("SQLite", "claim_finish", 10_000, 1, 4.25, 8)],
    [UploadCost("folder", 3, 10 << 30, 60.0, 12 << 20, 0)],
)


def test_ratios_are_of_the_same_round() -> None:
    assert REPORT.scaling.ratio == pytest.approx(2.0)
    assert REPORT.scaling.machine_ratio == pytest.approx(2.0)
    assert REPORT.overheads[0].embedded_over == pytest.approx(0.1)
    assert REPORT.overheads[0].distributed_over == pytest.approx(0.2)


def test_tables_fit_a_terminal() -> None:
    console = Console(width=120, record=True)
    console.print(REPORT.table())
    text = console.export_text()
    assert "299 of 300" in text
    assert "+20.0%" in text
    assert "…" not in text


@pytest.mark.skipif("EMOLINE_TEST_ALL_BENCHES" not in os.environ, reason="Minutes; EMOLINE_TEST_ALL_BENCHES=1 runs it.")
@pytest.mark.usefixtures("postgres_server", "redis_server")  # skipped where they are skipped
def test_a_tiny_run_measures_everything() -> None:
    tiny = ["--rounds", 1, "--seconds", 1, "--jobs", 4, "--recordings", 1, "--backlog", 50]
    command = [sys.executable, "-m", "cli", "bench", "service", *map(str, tiny)]
    command += ["--upload-gib", "0.01", "--uploads", "2", "--json"]
    completed = subprocess.run(
        command, capture_output=True, text=True, timeout=2 * PATIENCE_S, env=os.environ | {"COLUMNS": "120"}
    )
    assert completed.returncode == 0, completed.stderr
    document = json.loads(completed.stdout)
    rates = [rate for situation in document["situations"] for rate in situation["rates"]]
    assert [(rate["situation"], rate["request"]) for rate in rates] == [
        ("polls alone", "poll"),
        ("submits alone", "submit"),
        ("both, workers busy", "submit"),
        ("both, workers busy", "poll"),
        ("submits alone, S3", "submit"),
    ]
    assert all(rate["per_s"] > 1 and rate["failed"] == 0 for rate in rates)
    assert document["scaling"]["again"] == 0
    assert len(document["overheads"]) == 2
    assert {cost["database"] for cost in document["claims"]} == {"Postgres", "SQLite"}
    assert [(upload["store"], upload["number"]) for upload in document["uploads"]] == [
        ("folder", 1),
        ("folder", 2),
        ("S3", 1),
    ]
    assert all(upload["temporary"] == 0 for upload in document["uploads"])
