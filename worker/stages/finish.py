"""The stage `finishing`: all segments are done, so the job ends."""

from __future__ import annotations

from dataclasses import dataclass

from shared.container import Services
from shared.domain.alert import raised
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import Job, JobState
from shared.domain.timeline import confident, dominant
from shared.ports import Claim
from worker.stages.hold_lease import Keeper
from worker.stages.job_stage import run_claim


@dataclass(frozen=True, slots=True)
class FinishStage:
    services: Services

    def run_once(self) -> bool:
        """Finishes the next job; False when there was none."""
        claim = self.services.ports.work_queue.claim_finish()
        if claim:
            run_claim(self.services, claim, self._finish)
        return claim is not None

    def _finish(self, claim: Claim, _: Keeper) -> Job:
        job, now = claim.job, self.services.clock.now()
        # The model was named with the first outcome, by the worker that recorded it.
        segments = self.services.jobs.results(job.id)
        voices = confident(segments, job.options.aggregation.min_confidence)
        if segments and not voices:
            return job.failed(FAILURES[FailureCode.NOTHING_ANALYSED], now)
        leading = dominant(voices)
        found = job.evolve(
            dominant=leading.emotion if leading else None,
            alerts=raised(job.options.alerts, voices, job.recording, job.prepared),
        )
        return found.to(JobState.SUCCEEDED, now)
