"""The API must run where neither torch nor a decoder is installed: in its image there is none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.environments import API_LOCK, ROOT, Environment
from tests.support.waiting import PATIENCE_S

WORKER_ONLY = ("torch", "funasr", "av", "webrtcvad", "soundfile")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the API's dependencies and no others."""
    environment = Environment(tmp_path_factory.mktemp("api"))
    environment.install("--require-hashes", "-r", API_LOCK)
    environment.install("--no-deps", environment.copy_of_client(), ROOT)
    return environment.programs


@contextmanager
def served(programs: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    command = [str(programs / "emoline"), "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=os.environ | environment, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as serve:
        assert serve.stderr
        try:
            yield next(word for line in serve.stderr for word in line.split() if word.startswith("http://127."))
        finally:
            serve.terminate()
            assert serve.wait(PATIENCE_S) == 0


def test_nothing_of_the_workers_is_among_the_apis_dependencies(programs: Path, tmp_path: Path) -> None:
    script = f"import importlib.util; print([n for n in {WORKER_ONLY!r} if importlib.util.find_spec(n)])"
    completed = subprocess.run(
        [programs / "python", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert completed.stdout.strip() == "[]"


def test_the_api_takes_recordings_without_them(programs: Path, tmp_path: Path, redis_url: str) -> None:
    environment = {"EMOLINE_BROKER_URL": redis_url, "EMOLINE_DATA_DIR": str(tmp_path)}
    with served(programs, tmp_path, environment) as url, httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        assert 'src="/page/main.js"' in client.get("/").text
        assert client.get("/page/main.js").status_code == 200
        content = (ROOT / "samples" / "call.opus").read_bytes()
        job = client.post("/v1/jobs", files={"file": ("call.opus", content)}).json()
        assert client.get(job["links"]["self"]).json()["status"] == "queued"
        assert client.get("/readyz").json()["problems"] == ["No worker answers for deliver, finish, infer, prepare."]


def test_a_worker_without_its_dependencies_ends_with_a_sentence(programs: Path, tmp_path: Path, redis_url: str) -> None:
    environment = os.environ | {"EMOLINE_BROKER_URL": redis_url, "EMOLINE_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
    completed = subprocess.run(
        [programs / "emoline", "worker", "infer"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert completed.returncode == 1
    assert "Traceback" not in completed.stderr
    assert "this installation is of the API alone" in " ".join(completed.stderr.split())
