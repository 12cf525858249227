"""A deployment of the last release is updated while it works, as docs/how-to/deploy.md says, and no job suffers."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest

from shared.db.engine import open_engine
from shared.db.schema import migrate
from tests.chaos import witness
from tests.support.embedded_process import FOUR_MINUTES, half_done
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.processes import ExecutedProcess, Process, url_of, wait_for
from tests.support.service_client import Client

ROOT = Path(__file__).parents[2]
RELEASE = "## [0.2.0]"
"""The heading of the last release in the change log."""
ROLES = ("prepare", "infer", "finish", "beat")
BRIEF = encoded(speech_like(10, seed=3).samples[:, None], 16_000, "flac")

pytestmark = pytest.mark.skipif("CHAOS_JOBS" not in os.environ, reason="CHAOS_JOBS is not set, as `make chaos` does.")


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True).stdout


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The code of the last release, from the history of this checkout."""
    commits = git("log", "--format=%H", f"-S{RELEASE}", "--", "CHANGELOG.md").split()
    if not commits:
        pytest.skip("This checkout has no history.")
    folder = tmp_path / "release"
    with tarfile.open(fileobj=BytesIO(git("archive", commits[-1].decode()))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def started_from(
    code: Path, stack: ExitStack, folder: Path, version: str, environment: Mapping[str, str]
) -> list[Process]:
    """Start the API and a worker of each role from a folder of code."""
    started: list[Process] = []
    for command in (["serve", "--port", "0"], *(["worker", role] for role in ROLES)):
        process = ExecutedProcess(folder / f"{version}-{command[-1]}.log", environment, *command)
        process.prefix = ["env", "--chdir", str(code)]
        started.append(stack.enter_context(process))
    wait_for(*started[:-1])  # what the beat says when it is ready has changed
    return started


def test_a_deployment_is_updated_while_it_works(
    tmp_path: Path, release: Path, bare_postgres_url: str, redis_url: str
) -> None:
    environment = {
        "EMOLINE_BATCH_AUDIO_S": "30",
        "EMOLINE_BROKER_URL": redis_url,
        "EMOLINE_DATABASE_URL": bare_postgres_url,
        "EMOLINE_DATA_DIR": str(tmp_path / "data"),
        "EMOLINE_LOG_FORMAT": "console",
    }
    made = ExecutedProcess(tmp_path / "migrate.log", environment, "migrate")
    made.prefix = ["env", "--chdir", str(release)]
    with made:
        assert made.status() == 0, made.output
    engine = open_engine(bare_postgres_url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        witness.install(engine)
        old = started_from(release, stack, tmp_path, "old", environment)
        before = stack.enter_context(Client(base_url=url_of(old[0])))
        long = before.submit(FOUR_MINUTES)["id"]
        ids = [long, *(before.submit(BRIEF)["id"] for _ in range(4))]
        half_done(before, long)
        migrate(engine)
        ids += [before.submit(BRIEF)["id"] for _ in range(4)]  # by the old code into the new tables
        api, *workers = old
        for process in workers:
            process.terminate()
        assert [process.status() for process in workers] == [0] * len(workers)
        ids += [before.submit(BRIEF)["id"] for _ in range(2)]
        new = started_from(ROOT, stack, tmp_path, "new", environment)
        client = stack.enter_context(Client(base_url=url_of(new[0])))
        ids += [each.submit(BRIEF)["id"] for each in (before, client)]
        api.terminate()
        assert api.status() == 0
        ids += [client.submit(BRIEF)["id"] for _ in range(2)]
        for job_id in ids:
            job = client.ended(job_id)
            assert job["status"] == "succeeded", job["error"]
            result = client.get(f"/v1/jobs/{job_id}/result").json()
            assert {segment["reason"] for segment in result["segments"]} == {None}, job_id
            assert len(result["segments"]) == job["progress"]["segments_total"] > 0
        recorded = witness.recorded(engine)
        assert {count for job_id in ids for count in recorded[job_id].values()} == {1}
