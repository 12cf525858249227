"""The stage `inferring`: claim segments of any jobs, ask the model, record what it says."""

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
from worker.stages.hold_lease import kept
from worker.stages.retry_during_outage import outlast

_log = structlog.get_logger()
_BATCHES_CLAIMED = 2
"""While the model works on one batch, it is handed the next."""


@dataclass(frozen=True, slots=True)
class InferStage:
    services: Services
    model: EmotionModel

    def run_once(self) -> bool:
        """Analyses one batch; False when there was nothing to do. Raises ModelUnavailable, Outage, OSError."""
        model = self.model.info  # loads the model; until that has worked, no segment is claimed
        self.services.ports.model_registry.record_run(model)
        claims = self.services.ports.work_queue.claim_segments(_BATCHES_CLAIMED * self.model.batch)
        if claims:
            self.services.ports.wake_ups.wake(Queue.INFER)  # where some waited, there may be more
            try:
                self._batch(claims, model)
            except (ModelUnavailable, Outage, OSError):
                outlast(lambda: self.services.ports.work_queue.release_segments(claims))
                raise
        return bool(claims)

    def _batch(self, claims: Sequence[SegmentClaim], model: ModelInfo) -> None:
        jobs = sorted({claim.job_id for claim in claims})
        with (
            bound_contextvars(jobs=jobs, segments=len(claims)),
            traces.span(JobState.INFERRING.value, segments=len(claims)),
        ):
            try:
                self._analyse(claims, model)
            except LeaseLost:
                _log.info("batch.lease_lost")
                metrics.LEASES_LOST.labels(JobState.INFERRING.value).inc()

    def _analyse(self, claims: Sequence[SegmentClaim], model: ModelInfo) -> None:
        queue = self.services.ports.work_queue
        worn_out = [claim for claim in claims if claim.attempts > MAX_ATTEMPTS]
        fresh = [claim for claim in claims if claim.attempts <= MAX_ATTEMPTS]
        with kept(lambda: queue.renew_segments(claims), self.services.settings.lease_s) as keeper:
            found = self._infer(fresh)
            keeper.check()
            self._store(fresh, found)
        outcomes = [inference.outcome for inference in found]
        # Their workers died with them each time, without a word.
        given_up = [(claim, SegmentOutcome.skipped(FailureCode.CRASH)) for claim in worn_out]
        settled = [*zip(fresh, outcomes, strict=True), *given_up]
        recorded = queue.record(settled, model)
        metrics.found([outcome for _, outcome in settled], recorded)
        _log.info("batch.done", recorded=recorded)
        self.services.ports.wake_ups.wake(Queue.FINISH)

    def _infer(self, claims: Sequence[SegmentClaim]) -> list[Inference]:
        jobs = self._jobs(claims)
        traces.link(job.trace for job in jobs.values())
        frame_embeddings = any(job.options.embeddings == "frame" for job in jobs.values())
        return infer(self.model, [self._sound(claim) for claim in claims], frame_embeddings=frame_embeddings)

    def _jobs(self, claims: Sequence[SegmentClaim]) -> dict[str, Job]:
        """The jobs of the claims by id; those that were deleted meanwhile are left out."""
        return self.services.jobs.get_all({claim.job_id for claim in claims})

    def _store(self, claims: Sequence[SegmentClaim], found: Sequence[Inference]) -> None:
        """Keeps the arrays of what was scored."""
        # Asked again, because what is written for a job that was deleted a while ago would never be swept away.
        jobs = self._jobs(claims)
        for claim, inference in zip(claims, found, strict=True):
            prediction = inference.prediction
            if prediction and claim.job_id in jobs:
                embeddings = prediction.embeddings(jobs[claim.job_id].options.embeddings)
                self.services.frame_store.store(claim.job_id, claim.stored.segment, prediction.logits, embeddings)

    def _sound(self, claim: SegmentClaim) -> Samples:
        """The segment's sound; none where it is gone or broken, which the pipeline calls bad audio."""
        try:
            with self.services.object_store.open(claim.stored.audio_key) as file:
                content = file.read()  # an error of the store, met by libsndfile, would be one of the sound
            samples: Samples = soundfile.read(io.BytesIO(content), dtype="int16")[0]
            return samples
        except (ObjectNotFound, soundfile.LibsndfileError):
            return np.empty(0, np.int16)
