"""The task of one work queue, as worker threads and Celery tasks run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from shared.domain.errors import Outage
from shared.ports import Queue
from worker.metrics import RUNS
from worker.pipeline.errors import ModelUnavailable

_log = structlog.get_logger()
_Result = TypeVar("_Result")

AFTER_ERROR_S = 5.0
"""Pause after an error, so that a service that is away is not asked again and again."""


@dataclass(frozen=True, slots=True)
class QueueTask:
    """The work of one queue: `run_once` does the next piece and returns False when there is none; up to `threads`
    threads call it at once."""

    queue: Queue
    run_once: Callable[[], bool]
    threads: int


def run_logged(name: str, function: Callable[[], _Result]) -> _Result | None:
    """Call `function` and return its result, or None after an error, which is logged and counted under `name`."""
    outcome = "error"
    try:
        result = function()
        outcome = "ok"
        return result
    except ModelUnavailable as error:
        outcome = "model_unavailable"
        _log.error("model.unavailable", reason=str(error))
    except Outage as error:
        outcome = "outage"
        _log.error("worker.outage", work=name, reason=str(error), cause=str(error.__cause__))
    except Exception:
        _log.exception("worker.error", work=name)
    finally:
        RUNS.labels(name, outcome).inc()
    return None
