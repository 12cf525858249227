"""The stage `finishing`: end a job whose segments are all done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.container import Services
from shared.domain.alert import find_alerts
from shared.domain.emotion import UNKNOWN
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import Job, JobState
from shared.domain.recording import Recording, RecordingWarning
from shared.domain.segment import SegmentResult, apply_corrections, mostly_unfamiliar
from shared.domain.talk import Talk
from shared.domain.timeline import confident, dominant
from shared.ports import Claim
from worker.stages.hold_lease import Lease
from worker.stages.job_stage import run_claim


@dataclass(frozen=True, slots=True)
class FinishStage:
    """The stage that gives a job its dominant emotion and its alerts."""

    services: Services

    def run_once(self) -> bool:
        """Finish the next job; return False when there is none."""
        claim = self.services.ports.work_queue.claim_finish()
        if claim:
            run_claim(self.services, claim, self._finish)
        return claim is not None

    def _finish(self, claim: Claim, _: Lease) -> Job:
        job, now = claim.job, self.services.clock.now()
        segments = apply_corrections(self.services.jobs.results(job.id))
        scored = confident(segments, job.options.aggregation.min_confidence)
        if segments and not scored:
            return job.failed(FAILURES[FailureCode.NOTHING_ANALYSED], now)
        leading = dominant(scored)
        conversation = self.services.speech_store.conversation(job, segments)
        finished = job.evolve(
            recording=warn(job, scored),
            dominant=leading.emotion if leading else None,
            alerts=find_alerts(job.options.alerts, scored, job.recording, job.prepared),
            talk=tuple(Talk(each.channel, each.share, each.interruptions) for each in conversation.channels)
            if conversation
            else (),
        )
        return finished.to(JobState.SUCCEEDED, now)


def warn(job: Job, scored: Sequence[SegmentResult]) -> Recording:
    """Return the recording of a job, with warnings of emotions that its model lacks, and of speech unfamiliar to it."""
    recording, options = job.recording, job.options
    if job.model is None:
        return recording
    alerted = {emotion for rule in options.alerts for emotion in rule.emotions}
    named = {
        RecordingWarning.ALERT_EMOTION_MISSING: alerted - {UNKNOWN},
        RecordingWarning.EMOTION_MISSING: set(options.emotions or ()),
    }
    warnings = [warning for warning, emotions in named.items() if not emotions <= {*job.model.labels}]
    if mostly_unfamiliar(scored):
        warnings.append(RecordingWarning.UNFAMILIAR)
    return replace(recording, warnings=(*recording.warnings, *warnings))
