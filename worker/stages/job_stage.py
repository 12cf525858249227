"""What the stages that work on a whole job have in common: the lease, and what becomes of a failure."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from structlog.contextvars import bound_contextvars

from shared.container import Services
from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.failure import FailureCode
from shared.domain.job import Job
from shared.ports import Claim, Queue
from shared.telemetry import traces
from worker import metrics
from worker.failures import failure_of
from worker.stages.hold_lease import Keeper, WorkerStopping, kept
from worker.stages.retry_during_outage import outlast

_log = structlog.get_logger()
_RETRY_AFTER_S = 5.0
"""For each attempt; while an outage lasts, which counts none, it does not grow: to try a store that is away costs a few
requests, and who has tried waits as long before the next job."""

_UNEXPLAINED = {FailureCode.STORAGE_ERROR, FailureCode.INTERNAL_ERROR}
"""What went wrong only the exception tells."""

Work = Callable[[Claim, Keeper], Job]
"""Does the stage and returns the job in its next state."""


def run_claim(services: Services, claim: Claim, work: Work) -> None:
    """Does claimed work to its end: the next state, another attempt later, or a failed job.

    Raises the Outage that kept it from that, when the claim is given back.
    """
    if claim.job.options.notifies:
        services.ports.wake_ups.wake(Queue.DELIVER)
    stage, attempt = claim.job.state.value, claim.job.attempts
    with (
        bound_contextvars(job=claim.job.id, stage=stage, attempt=attempt),
        traces.span(stage, claim.job.trace, job=claim.job.id, attempt=attempt),
    ):
        _timed(services, claim, work)
    if claim.job.options.notifies:
        services.ports.wake_ups.wake(Queue.DELIVER)


def _timed(services: Services, claim: Claim, work: Work) -> None:
    began, outcome = time.monotonic(), "outage"
    try:
        outcome = _outcome(services, claim, work)
    finally:
        metrics.STAGES.labels(claim.job.state.value, outcome).observe(time.monotonic() - began)


def _outcome(services: Services, claim: Claim, work: Work) -> str:
    try:
        job = _done(services, claim, work)
        services.ports.work_queue.save(claim, job)
        _log.info("stage.done", state=job.state.value)
        return _failed(claim, job.failure.code) if job.failure else "done"
    except LeaseLost:
        _log.info("stage.lease_lost")
        metrics.LEASES_LOST.labels(claim.job.state.value).inc()
        return "lease_lost"
    except WorkerStopping:
        _log.info("stage.given_back")
        _settle(services, claim, Job.untried, 0)
        return "given_back"
    except Exception as error:
        failure = failure_of(error)
        unexplained = failure.code in _UNEXPLAINED
        _log.warning("stage.failed", code=failure.code.value, reason=failure.message, exc_info=unexplained)
        outcome = _failed(claim, failure.code)
        _settle(services, claim, lambda job: job.after(failure, services.clock.now()), _RETRY_AFTER_S)
        if failure.outage:
            raise
        return outcome


def _failed(claim: Claim, code: FailureCode) -> str:
    metrics.FAILURES.labels(claim.job.state.value, code.value).inc()
    traces.failed(code.value)
    return "failed"


def _done(services: Services, claim: Claim, work: Work) -> Job:
    now = services.clock.now()
    if claim.job.overdue(now):
        return claim.job.too_late(now)
    if claim.job.worn_out:
        return claim.job.given_up(now)
    with kept(lambda: services.ports.work_queue.renew(claim), services.settings.lease_s) as keeper:
        return work(claim, keeper)


def _settle(services: Services, claim: Claim, become: Callable[[Job], Job], wait_s: float) -> None:
    """Writes what becomes of a job whose stage is not done; it may be claimed again after `wait_s` for each attempt."""

    def write() -> None:
        # What the stage has saved meanwhile stands: the codec, for one, is worth showing with the failure.
        saved = services.jobs.get(claim.job.id)
        if saved.state is not claim.job.state:
            return
        job = become(saved.evolve(attempts=claim.job.attempts))
        if job.state.terminal:
            services.ports.work_queue.save(claim, job)
        else:
            services.ports.work_queue.postpone(claim, job, wait_s * claim.job.attempts)

    try:
        outlast(write)
    except (LeaseLost, JobDeleted):
        _log.info("stage.lease_lost")
