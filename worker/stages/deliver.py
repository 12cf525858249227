"""Telling of jobs: claim what is due, send it, write down what came of it."""

from __future__ import annotations

import time
from threading import BoundedSemaphore, Thread
from typing import Protocol, Self

import structlog
from structlog.contextvars import bound_contextvars

from shared.container import Services
from shared.domain.webhook import Attempt
from shared.ports import DeliveryClaim, Queue
from shared.telemetry import traces
from worker import metrics
from worker.stages.retry_during_outage import outlast

_log = structlog.get_logger()
_AT_ONCE = 16
"""Deliveries in hand: they wait for receivers, and cost little else."""
_STOP_WITHIN_S = 10.0


class Sender(Protocol):
    def send(self, claim: DeliveryClaim) -> Attempt: ...


class DeliverStage:
    """A context manager: leaving it gives what is in hand ten seconds. What has not been answered then is sent again
    when its lease has run out."""

    def __init__(self, services: Services, sender: Sender) -> None:
        self._services = services
        self._sender = sender
        self._free = BoundedSemaphore(_AT_ONCE)

    def run_once(self) -> bool:
        """Begins the next delivery, as soon as fewer than sixteen are in hand; False when none was due."""
        self._free.acquire()
        begun = False
        try:
            claim = self._services.ports.deliveries.claim()
            if claim:
                Thread(target=self._deliver, args=(claim,), name="deliver", daemon=True).start()
                begun = True
        finally:
            if not begun:
                self._free.release()
        return begun

    def _deliver(self, claim: DeliveryClaim) -> None:
        try:
            with (
                bound_contextvars(job=claim.job_id, delivery=claim.id, attempt=claim.attempts),
                traces.span("delivering", claim.trace, delivery=claim.id, attempt=claim.attempts),
            ):
                self._attempt(claim)
        finally:
            self._free.release()
            # Others for the same receiver may have waited for this one.
            self._services.ports.wake_ups.wake(Queue.DELIVER)

    def _attempt(self, claim: DeliveryClaim) -> None:
        try:
            attempt = self._sent(claim)
            metrics.attempted(attempt)
            outlast(lambda: self._record(claim, attempt))
            _log.info("delivery.done", status=attempt.status, error=attempt.error)
        except Exception:  # it is sent again when its lease has run out
            _log.exception("delivery.not_recorded")

    def _sent(self, claim: DeliveryClaim) -> Attempt:
        try:
            return self._sender.send(claim)
        except Exception:
            _log.exception("delivery.error")
            return Attempt(None, "Something went wrong inside Emoline.")

    def _record(self, claim: DeliveryClaim, attempt: Attempt) -> None:
        self._services.ports.deliveries.record(claim, attempt)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        until = time.monotonic() + _STOP_WITHIN_S
        taken = 0
        while taken < _AT_ONCE and self._free.acquire(timeout=max(0.0, until - time.monotonic())):
            taken += 1
