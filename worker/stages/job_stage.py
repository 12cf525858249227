"""Run a stage on a whole job: hold its lease, and write its outcome."""

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
from worker.stages.hold_lease import Lease, WorkerStopping, hold_lease
from worker.stages.retry_during_outage import retry_during_outage

_log = structlog.get_logger()
_RETRY_AFTER_S = 5.0
"""Per attempt. An outage counts no attempt, so this does not grow while it lasts: a try costs the store a few requests,
and the worker waits as long before the next job."""

_UNEXPLAINED = {FailureCode.STORAGE_ERROR, FailureCode.INTERNAL_ERROR}
"""Codes whose cause is only in the exception, so its traceback is logged."""

StageFunction = Callable[[Claim, Lease], Job]
"""Does the stage's work and returns the job in its next state."""


def run_claim(services: Services, claim: Claim, work: StageFunction) -> None:
    """Run `work` on a claimed job and save the outcome: the next state, another attempt later, or a failed job.

    A job past its deadline or out of attempts ends without any work.

    Raises:
        Outage: the store or the database is away. The claim is given back and counts no attempt.
    """
    stage, began, outcome = claim.job.state.value, time.monotonic(), "outage"
    if claim.job.options.notifies:
        services.ports.wake_ups.wake(Queue.DELIVER)
    with (
        bound_contextvars(job=claim.job.id, stage=stage, attempt=claim.job.attempts),
        traces.span(stage, claim.job.trace, job=claim.job.id, attempt=claim.job.attempts),
    ):
        try:
            now = services.clock.now()
            if claim.job.overdue(now):
                job = claim.job.too_late(now)
            elif claim.job.worn_out:
                job = claim.job.given_up(now)
            else:
                with hold_lease(lambda: services.ports.work_queue.renew(claim), services.settings.lease_s) as lease:
                    job = work(claim, lease)
            services.ports.work_queue.save(claim, job)
            _log.info("stage.done", state=job.state.value)
            if job.failure:
                _count_failure(stage, job.failure.code)
            outcome = "failed" if job.failure else "done"
        except LeaseLost:
            _log.info("stage.lease_lost")
            metrics.LEASES_LOST.labels(stage).inc()
            outcome = "lease_lost"
        except WorkerStopping:
            _log.info("stage.given_back")
            _save_unfinished(services, claim, Job.untried, 0)
            outcome = "given_back"
        except Exception as error:
            failure = failure_of(error)
            unexplained = failure.code in _UNEXPLAINED
            _log.warning("stage.failed", code=failure.code.value, reason=failure.message, exc_info=unexplained)
            _count_failure(stage, failure.code)
            _save_unfinished(services, claim, lambda job: job.after(failure, services.clock.now()), _RETRY_AFTER_S)
            if failure.outage:
                raise
            outcome = "failed"
        finally:
            metrics.STAGES.labels(stage, outcome).observe(time.monotonic() - began)
    if claim.job.options.notifies:
        services.ports.wake_ups.wake(Queue.DELIVER)


def _count_failure(stage: str, code: FailureCode) -> None:
    metrics.FAILURES.labels(stage, code.value).inc()
    traces.failed(code.value)


def _save_unfinished(services: Services, claim: Claim, become: Callable[[Job], Job], wait_s: float) -> None:
    """Save a job whose stage did not end; it may be claimed again after `wait_s` seconds per attempt.

    Raises Outage after two minutes without the database.
    """

    def write() -> None:
        # The job is read again because progress that the stage has saved stands: a failure is shown with the codec.
        saved = services.jobs.get(claim.job.id)
        if saved.state is not claim.job.state:
            return
        job = become(saved.evolve(attempts=claim.job.attempts))
        if job.state.terminal:
            services.ports.work_queue.save(claim, job)
        else:
            services.ports.work_queue.postpone(claim, job, wait_s * claim.job.attempts)

    try:
        retry_during_outage(write)
    except (LeaseLost, JobDeleted):
        _log.info("stage.lease_lost")
