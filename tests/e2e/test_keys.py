"""`emoline keys`, and a service with and without keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.command_line import emoline
from tests.support.service_client import Client


@pytest.fixture(autouse=True)
def data_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLINE_DATA_DIR", str(tmp_path))


def test_a_public_address_needs_a_key_and_has_it_from_the_command_line(tmp_path: Path) -> None:
    refused = emoline("serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert "emoline keys create" in " ".join(refused.stderr.split())
    created = emoline("keys", "create", "import", "--tenant", "acme", "--scope", "read")
    assert created.returncode == 0
    secret = created.stdout.strip()
    with (
        embedded_service(Settings(data_dir=tmp_path), "0.0.0.0", 0) as url,
        Client(base_url=url.replace("0.0.0.0", "127.0.0.1")) as client,
    ):
        assert client.get("/v1/jobs").status_code == 401
        assert client.get("/v1/jobs", headers={"X-API-Key": secret}).status_code == 200
        assert client.post("/v1/jobs", headers={"X-API-Key": secret}, content=b"x").status_code == 403


def test_keys_are_listed_and_revoked(tmp_path: Path) -> None:
    emoline("keys", "create", "nightly import")
    listing = emoline("keys", "list").stdout
    assert "nightly import" in listing
    key_id = re.search(r"key_[0-9a-f-]{36}", listing)
    assert key_id
    assert emoline("keys", "revoke", key_id[0]).returncode == 0
    second = emoline("keys", "revoke", key_id[0])
    assert (second.returncode, "Traceback" in second.stderr) == (1, False)
    assert "no API key with this id" in second.stderr
