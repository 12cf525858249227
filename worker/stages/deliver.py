"""Deliver webhooks: claim a due delivery, send it, and record the receiver's reply."""

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
from worker.stages.retry_during_outage import retry_during_outage

_log = structlog.get_logger()
_CONCURRENT = 16
"""Deliveries in hand at once: they mostly wait for receivers."""
_STOP_WITHIN_S = 10.0


class Sender(Protocol):
    """The port that sends webhooks."""

    def send(self, claim: DeliveryClaim) -> Attempt:
        """Send the delivery once and return its outcome; a receiver that fails is an outcome, not an error."""
        ...


class DeliverStage:
    """The stage that sends webhooks, up to sixteen at once.

    A context manager: leaving it waits ten seconds for the deliveries in hand. A delivery without a reply by then is
    sent again when its lease expires.
    """

    def __init__(self, services: Services, sender: Sender) -> None:
        self._services = services
        self._sender = sender
        self._free = BoundedSemaphore(_CONCURRENT)

    def run_once(self) -> bool:
        """Begin the next delivery once fewer than sixteen are in hand; return False when none is due."""
        self._free.acquire()
        started = False
        try:
            claim = self._services.ports.deliveries.claim()
            if claim:
                Thread(target=self._deliver, args=(claim,), name="deliver", daemon=True).start()
                started = True
        finally:
            if not started:
                self._free.release()
        return started

    def _deliver(self, claim: DeliveryClaim) -> None:
        try:
            with (
                bound_contextvars(job=claim.job_id, delivery=claim.id, attempt=claim.attempts),
                traces.span("delivering", claim.trace, delivery=claim.id, attempt=claim.attempts),
            ):
                try:
                    attempt = self._sender.send(claim)
                except Exception:
                    _log.exception("delivery.error")
                    attempt = Attempt(None, "Something went wrong inside Emoline.")
                recorded = retry_during_outage(lambda: self._services.ports.deliveries.record(claim, attempt))
                metrics.count_delivery(attempt, recorded)
                _log.info("delivery.done", status=attempt.status, error=attempt.error)
        except Exception:  # it is sent again when its lease expires
            _log.exception("delivery.not_recorded")
        finally:
            self._free.release()
            # Other deliveries to the same receiver may have waited for this one.
            self._services.ports.wake_ups.wake(Queue.DELIVER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + _STOP_WITHIN_S
        ended = 0
        while ended < _CONCURRENT and self._free.acquire(timeout=max(0.0, deadline - time.monotonic())):
            ended += 1
