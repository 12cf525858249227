"""Odd and broken files over HTTP: each is turned away or comes to an end with a code, and the service goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shared.domain.failure import FailureCode
from tests.support.media.broken import BrokenFile, broken_files
from tests.support.media.case import spoken
from tests.support.service_client import Client

EVERY = 1 if os.environ.get("EMOLINE_TEST_ALL_MEDIA") else 6
"""Every sixth of the 500 files is posted, in about two minutes; all of them on request."""
SLOW = ("day_", "24_h", "hours_")
"""A day of silence takes over a minute; posted only with all of them."""


def chosen(directory: Path) -> list[BrokenFile]:
    files = list(broken_files(directory))[::EVERY]
    return [file for file in files if EVERY == 1 or not any(word in file.path.name for word in SLOW)]


@pytest.mark.timeout(1800)
def test_each_broken_file_ends_acceptably_and_the_service_continues(client: Client, tmp_path: Path) -> None:
    wrong: list[str] = []
    running: list[tuple[BrokenFile, str]] = []
    for file in chosen(tmp_path):
        answer = client.post("/v1/jobs", files={"file": (file.name, file.path.read_bytes())})
        if answer.status_code == 202:
            running.append((file, answer.json()["id"]))
        elif not 400 <= answer.status_code < 500 or "rejected" not in file.acceptable:
            wrong.append(f"{file.path.name}: {answer.status_code} {answer.text}")
    for file, job_id in running:
        job = client.ended(job_id)
        expected_error = job["error"] is None or job["error"]["code"] in {*FailureCode} - {FailureCode.INTERNAL_ERROR}
        if job["status"] not in file.acceptable or not expected_error:
            wrong.append(f"{file.path.name}: {job['status']} {job['error']}")
    assert wrong == []
    client.analysed(spoken("wav"))
