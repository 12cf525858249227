"""What the stages that work on a whole job have in common: the lease, and what becomes of a failure."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from shared.container import Services
from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.job import Job
from shared.ports import Claim
from worker.failures import failure_of
from worker.stages.leases import Keeper, kept

_log = structlog.get_logger()
_RETRY_AFTER_S = 5.0

Work = Callable[[Claim, Keeper], Job]
"""Does the stage and returns the job in its next state."""


def run_claim(services: Services, claim: Claim, work: Work) -> None:
    """Does claimed work to its end: the next state, another attempt later, or a failed job."""
    log = _log.bind(job=claim.job.id, stage=claim.job.state.value, attempt=claim.job.attempts)
    try:
        if claim.job.worn_out:
            job = claim.job.given_up(services.clock.now())
        else:
            with kept(lambda: services.jobs.renew(claim), services.settings.lease_s) as keeper:
                job = work(claim, keeper)
        services.jobs.save(claim, job)
        log.info("stage.done", state=job.state.value)
    except LeaseLost:
        log.info("stage.lease_lost")
    except Exception as error:
        _fail(services, claim, error, log)


def _fail(services: Services, claim: Claim, error: Exception, log: structlog.stdlib.BoundLogger) -> None:
    failure = failure_of(error)
    log.warning("stage.failed", code=failure.code.value, exc_info=failure.retryable)
    try:
        # What the stage has saved meanwhile stands: the codec, for one, is worth showing with the failure.
        saved = services.jobs.get(claim.job.id)
        if saved.state is not claim.job.state:
            return
        job = saved.after(failure, services.clock.now())
        if job.state.terminal:
            services.jobs.save(claim, job)
        else:
            services.jobs.postpone(claim, job, _RETRY_AFTER_S * claim.job.attempts)
    except (LeaseLost, JobDeleted):
        log.info("stage.lease_lost")
