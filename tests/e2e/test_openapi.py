"""Requests made up from the OpenAPI document, right and wrong ones, alone and one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Client
from tests.e2e.processes import api

EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "5")
"""For each operation."""
CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture(params=["embedded", "distributed"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """The whole service over SQLite, or the API alone over Postgres and Redis, whose jobs stay queued."""
    if request.param == "embedded":
        yield request.getfixturevalue("client")
        return
    environment = {
        "EMOLINE_DATABASE_URL": request.getfixturevalue("postgres_url"),
        "EMOLINE_BROKER_URL": request.getfixturevalue("redis_url"),
        "EMOLINE_DATA_DIR": str(tmp_path / "data"),
    }
    with api(tmp_path, environment) as client:
        yield client


@pytest.mark.timeout(4 * 3600)
def test_every_answer_is_one_that_the_document_describes(service: Client, tmp_path: Path) -> None:
    command = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{service.base_url}/openapi.json".replace("//o", "/o")]
    command += ["--checks", "all", "--max-examples", EXAMPLES, "--seed", "1", "--request-timeout", "60"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
