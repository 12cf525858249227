"""The stage `inferring`: claim segments of any jobs, score them with the model, and record the scores."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import structlog
from structlog.contextvars import bound_contextvars

from shared.container import Services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import LeaseLost, ObjectNotFound, Outage
from shared.domain.failure import FailureCode
from shared.domain.job import MAX_ATTEMPTS, Job, JobState
from shared.domain.segment import SegmentOutcome
from shared.ports import Queue, SegmentClaim
from shared.telemetry import traces
from worker import metrics
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import Inference, infer
from worker.pipeline.ports import EmotionModel, Samples
from worker.stages.hold_lease import hold_lease
from worker.stages.retry_during_outage import retry_during_outage

_log = structlog.get_logger()
_BATCHES_CLAIMED = 2
"""The model gets the next batch while it works on one."""


@dataclass(frozen=True, slots=True)
class InferStage:
    """The stage that scores segments."""

    services: Services
    model: EmotionModel

    def run_once(self) -> bool:
        """Score the next segments, two batches of the model at most; return False when there are none.

        Raises:
            ModelUnavailable: the model cannot run. The segments are given back.
            Outage, OSError: the database or the object store failed. The segments are given back.
        """
        model = self.model.info  # loads the model; until that has worked, no segment is claimed
        self.services.ports.model_registry.record_run(model)
        claims = self.services.ports.work_queue.claim_segments(_BATCHES_CLAIMED * self.model.batch)
        if claims:
            self.services.ports.wake_ups.wake(Queue.INFER)  # more may be waiting
            try:
                self._analyse(claims, model)
            except (ModelUnavailable, Outage, OSError):
                retry_during_outage(lambda: self.services.ports.work_queue.release_segments(claims))
                raise
        return bool(claims)

    def _analyse(self, claims: Sequence[SegmentClaim], model: ModelInfo) -> None:
        """Score the claimed segments and record their outcomes; a lost lease discards them."""
        with (
            bound_contextvars(jobs=sorted({claim.job_id for claim in claims}), segments=len(claims)),
            traces.span(JobState.INFERRING.value, segments=len(claims)),
        ):
            queue = self.services.ports.work_queue
            fresh = [claim for claim in claims if claim.attempts <= MAX_ATTEMPTS]
            # A segment with more attempts ended its worker's process each time, before an error could be recorded.
            worn_out = [claim for claim in claims if claim.attempts > MAX_ATTEMPTS]
            try:
                with hold_lease(lambda: queue.renew_segments(claims), self.services.settings.lease_s) as lease:
                    jobs = self._jobs(fresh).values()
                    traces.link(job.trace for job in jobs)
                    inferences = infer(
                        self.model,
                        [self._sound(claim) for claim in fresh],
                        frame_embeddings=any(job.options.embeddings == "frame" for job in jobs),
                    )
                    lease.check()
                    self._store(fresh, inferences)
                outcomes = [(claim, inference.outcome) for claim, inference in zip(fresh, inferences, strict=True)]
                outcomes += [(claim, SegmentOutcome.skipped(FailureCode.CRASH)) for claim in worn_out]
                recorded = queue.record(outcomes, model)
            except LeaseLost:
                _log.info("batch.lease_lost")
                metrics.LEASES_LOST.labels(JobState.INFERRING.value).inc()
                return
            metrics.count_outcomes([outcome for _, outcome in outcomes], recorded)
            _log.info("batch.done", recorded=recorded)
            self.services.ports.wake_ups.wake(Queue.FINISH)

    def _jobs(self, claims: Sequence[SegmentClaim]) -> dict[str, Job]:
        """The jobs of the claims by id, without the deleted ones."""
        return self.services.jobs.get_all({claim.job_id for claim in claims})

    def _store(self, claims: Sequence[SegmentClaim], inferences: Sequence[Inference]) -> None:
        """Store the frame scores and embeddings of the scored segments."""
        # The jobs are read again: objects written for a job that was deleted a while ago would never be swept away.
        jobs = self._jobs(claims)
        for claim, inference in zip(claims, inferences, strict=True):
            prediction = inference.prediction
            if prediction and claim.job_id in jobs:
                embeddings = prediction.embeddings(jobs[claim.job_id].options.embeddings)
                self.services.frame_store.store(claim.job_id, claim.stored.segment, prediction.logits, embeddings)

    def _sound(self, claim: SegmentClaim) -> Samples:
        """The segment's sound [n]; empty, which the pipeline reports as bad audio, if it is missing or broken."""
        try:
            with self.services.object_store.open(claim.stored.audio_key) as file:
                content = file.read()  # libsndfile would report an error of the store as one of the sound
            samples: Samples = soundfile.read(io.BytesIO(content), dtype="int16")[0]
            return samples
        except (ObjectNotFound, soundfile.LibsndfileError):
            return np.empty(0, np.int16)
