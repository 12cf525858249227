"""Requests made up from the OpenAPI document, right and wrong ones, alone and one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.processes import Process, api, wait_for

EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "")
"""The number of examples for each operation; a few take minutes, so they run on request only."""
CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(params=["embedded", "distributed"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URL and key of the embedded service, or of an API over Postgres with workers in processes of their own."""
    environment = {"EMOLINE_DATA_DIR": str(tmp_path / "data")}
    if request.param == "distributed":
        environment["EMOLINE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        environment["EMOLINE_BROKER_URL"] = request.getfixturevalue("redis_url")
    roles = ("prepare", "infer", "finish", "deliver") if request.param == "distributed" else ()
    with ExitStack() as stack:
        wait_for(
            *(stack.enter_context(Process(tmp_path / f"{role}.log", environment, "worker", role)) for role in roles)
        )
        client = stack.enter_context(api(tmp_path, environment))
        yield str(client.base_url).rstrip("/"), key(environment)


def key(environment: dict[str, str]) -> str:
    """Create a key with every scope: a missing key is an error only where one exists."""
    command = [sys.executable, "-m", "cli", "keys", "create", "fuzzer"]
    command += [word for scope in ("read", "write", "keys") for word in ("--scope", scope)]
    created = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return created.stdout.strip()


@pytest.mark.skipif(not EXAMPLES, reason="Minutes; SCHEMA_EXAMPLES=200 runs it.")
@pytest.mark.timeout(4 * 3600)
def test_every_answer_is_one_that_the_document_describes(service: tuple[str, str], tmp_path: Path) -> None:
    url, secret = service
    command = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {secret}", "--checks", "all", "--max-examples", EXAMPLES]
    # A protocol of its own, with its own tests (test_uploads.py).
    command += ["--exclude-path-regex", "^/v1/uploads/tus", "--seed", "1"]
    completed = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stdout[-20_000:] + completed.stderr
