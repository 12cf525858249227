"""The whole service, as `emoline serve` runs it, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.embedded import embedded_service
from shared.settings import Settings

WITHIN_S = 90


class Client(httpx2.Client):
    """An HTTP client that knows what people do with the service."""

    def submit(self, content: bytes, name: str = "call.wav", **config: Any) -> dict[str, Any]:
        data = {"config": httpx2.Response(200, json=config).text} if config else None
        answer = self.post("/v1/jobs", files={"file": (name, content)}, data=data)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended, whichever way."""
        deadline = time.monotonic() + WITHIN_S
        while (job := self.get(f"/v1/jobs/{job_id}").json())["finished_at"] is None:
            assert time.monotonic() < deadline, job
            time.sleep(0.1)
        return dict(job)

    def analysed(self, content: bytes, **config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The succeeded job and its result."""
        job = self.ended(self.submit(content, **config)["id"])
        assert job["status"] == "succeeded", job["error"]
        return job, dict(self.get(f"/v1/jobs/{job['id']}/result").json())


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="session")
def client(data_dir: Path) -> Iterator[Client]:
    settings = Settings(data_dir=data_dir)
    with embedded_service(settings, "127.0.0.1", 0) as url, Client(base_url=url, timeout=60) as opened:
        yield opened
