"""Logs have one format, also those of libraries, and contain no secret."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from shared.telemetry.logs import without_secrets

EVENTS = """
import logging, sys, warnings
from threading import Thread
import structlog
from structlog.contextvars import bound_contextvars
from shared.telemetry.logs import log_to_stderr

log_to_stderr(sys.argv[1], sys.argv[2], "infer")
log = structlog.get_logger()
with bound_contextvars(job="job_1", attempt=2):
    log.info("batch.done", recorded=3)
    logging.getLogger("uvicorn.error").error("Exception in %s", "ASGI")
    warnings.warn("this is old", DeprecationWarning)
log.debug("nobody cares")
logging.getLogger("urllib3").info("GET /x?token=1")
logging.getLogger("celery.beat").info("Scheduler: Sending due task sweep")
try:
    raise ValueError("GET https://store.example/a/b?X-Amz-Signature=abcdef failed\\nthere")
except ValueError:
    log.exception("worker.error", url="https://hooks.example/hook?token=hidden")
"""


def output(level: str, form: str) -> list[str]:
    completed = subprocess.run(
        [sys.executable, "-W", "always", "-c", EVENTS, level, form], capture_output=True, text=True, check=True
    )
    assert completed.stdout == ""
    return completed.stderr.splitlines()


def objects(level: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output(level, "json")]


def test_log_lines_of_all_libraries_are_objects_with_the_current_work() -> None:
    lines = objects("INFO")
    assert [line["event"] for line in lines[:2]] == ["batch.done", "Exception in ASGI"]
    assert "DeprecationWarning: this is old" in lines[2]["event"]
    assert [line["event"] for line in lines[3:]] == ["worker.error"]
    assert [line["level"] for line in lines] == ["info", "error", "warning", "error"]
    assert [line.get("logger") for line in lines] == [None, "uvicorn.error", "py.warnings", None]
    for line in lines:
        assert list(line)[:3] == ["timestamp", "level", "event"]
        assert line["timestamp"].endswith("Z")
        assert line["role"] == "infer"
    assert [(line.get("job"), line.get("attempt")) for line in lines] == [("job_1", 2)] * 3 + [(None, None)]
    assert lines[0]["recorded"] == 3
    assert "ValueError: GET https://store.example/a/b?*** failed\nthere" in lines[-1]["exception"]
    assert lines[-1]["url"] == "https://hooks.example/hook?***"


def test_a_level_leaves_out_what_is_below_it_also_of_others() -> None:
    assert [line["event"] for line in objects("ERROR")] == ["Exception in ASGI", "worker.error"]
    assert [line["event"] for line in objects("DEBUG")][3] == "nobody cares"


def test_people_get_the_same_without_colours_where_there_is_no_terminal() -> None:
    lines = output("INFO", "console")
    assert "batch.done" in lines[0]
    assert "job=job_1" in lines[0]
    assert "Exception in ASGI" in lines[1]
    assert "hidden" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("line", "logged"),
    [
        ("at postgresql://emoline:p4ss@db:5432/e failed", "at postgresql://emoline:***@db:5432/e failed"),
        ("redis://:p4ss@valkey:6379/0", "redis://:***@valkey:6379/0"),
        ("GET https://a.example/x?key=1&b=2#c", "GET https://a.example/x?***"),
        ('{"url": "https://a.example/x?key=1"}', '{"url": "https://a.example/x?***"}'),
        (r'{"said": "\"https://a.example/x?key=1\" no"}', r'{"said": "\"https://a.example/x?***\" no"}'),
        (
            "Retry: /bucket/key?X-Amz-Signature=abc&X-Amz-Date=1",
            "Retry: /bucket/key?X-Amz-Signature=***&X-Amz-Date=***",
        ),
        ("the key emo_abc-DEF_123 is unknown", "the key emo_*** is unknown"),
        ("signed by whsec_abc+/=", "signed by whsec_***"),
    ],
)
def test_secrets_are_not_logged(line: str, logged: str) -> None:
    assert without_secrets(line) == logged


@pytest.mark.parametrize(
    "line",
    [
        "https://a.example/x is there, is it?",
        "Emoline listens on http://127.0.0.1:8000 (API: http://127.0.0.1:8000/docs).",
        '{"path": "/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77", "status": 200}',
        "memo_1 and remo_2",
    ],
)
def test_other_text_is_logged_unchanged(line: str) -> None:
    assert without_secrets(line) == line
