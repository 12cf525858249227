"""An HTTP client of a service under test."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.support.waiting import PATIENCE_S, wait_until


class Client(httpx2.Client):
    """An HTTP client that submits recordings and waits for their jobs."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url=base_url, timeout=PATIENCE_S)

    def submit(self, content: bytes, name: str = "call.wav", **config: Any) -> dict[str, Any]:
        data = {"config": httpx2.Response(200, json=config).text} if config else None
        answer = self.post("/v1/jobs", files={"file": (name, content)}, data=data)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait until the job has ended and return it."""
        job: dict[str, Any] = {}

        def finished() -> bool:
            job.update(self.get(f"/v1/jobs/{job_id}").json())
            return job["finished_at"] is not None

        wait_until(finished, lambda: job)
        return job

    def analysed(self, content: bytes, **config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Submit a recording and return the succeeded job and its result."""
        job = self.ended(self.submit(content, **config)["id"])
        assert job["status"] == "succeeded", job["error"]
        return job, dict(self.get(f"/v1/jobs/{job['id']}/result").json())
