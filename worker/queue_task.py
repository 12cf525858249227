"""A kind of work as those see it who run it: threads of the embedded service, or tasks of a Celery worker."""

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
_Done = TypeVar("_Done")

AFTER_ERROR_S = 5.0
"""Pause before the next attempt: what is away is not asked again and again, nor work claimed and given back."""


@dataclass(frozen=True, slots=True)
class Work:
    """`run_once` does a piece of it and says whether there was any; `threads` pieces are in hand at once."""

    queue: Queue
    run_once: Callable[[], bool]
    threads: int


def attempt(name: str, do: Callable[[], _Done]) -> _Done | None:
    """What `do` returns, or None after an error, which is logged: the next attempt may go better."""
    outcome = "error"
    try:
        done = do()
        outcome = "ok"
        return done
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
