"""The stage `inferring`: claim segments of any jobs, ask the model, record what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import structlog

from shared.container import Services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import LeaseLost, ObjectNotFound
from shared.domain.failure import FailureCode
from shared.domain.job import MAX_ATTEMPTS
from shared.domain.segment import SegmentOutcome
from shared.ports import Queue, SegmentClaim
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import infer
from worker.pipeline.ports import EmotionModel, Samples
from worker.stages.leases import kept

_log = structlog.get_logger()
_BATCHES_CLAIMED = 2
"""While the model works on one batch, it is handed the next."""


@dataclass(frozen=True, slots=True)
class InferStage:
    services: Services
    model: EmotionModel

    def run_once(self) -> bool:
        """Analyses one batch; False when there was nothing to do. Raises ModelUnavailable."""
        model = self.model.info  # loads the model; until that has worked, no segment is claimed
        claims = self.services.jobs.claim_segments(_BATCHES_CLAIMED * self.model.batch)
        if claims:
            try:
                self._analyse(claims, model)
            except LeaseLost:
                _log.info("batch.lease_lost", segments=len(claims))
            except ModelUnavailable:
                self.services.jobs.release_segments(claims)
                raise
        return bool(claims)

    def _analyse(self, claims: Sequence[SegmentClaim], model: ModelInfo) -> None:
        jobs = self.services.jobs
        worn_out = [claim for claim in claims if claim.attempts > MAX_ATTEMPTS]
        fresh = [claim for claim in claims if claim.attempts <= MAX_ATTEMPTS]
        with kept(lambda: jobs.renew_segments(claims), self.services.settings.lease_s):
            found = [inference.outcome for inference in infer(self.model, [self._sound(claim) for claim in fresh])]
        # Their workers died with them each time, without a word.
        given_up = [(claim, SegmentOutcome.skipped(FailureCode.CRASH)) for claim in worn_out]
        recorded = jobs.record([*zip(fresh, found, strict=True), *given_up], model)
        _log.info("batch.done", segments=len(claims), recorded=recorded)
        self.services.wake_ups.wake(Queue.FINISH)

    def _sound(self, claim: SegmentClaim) -> Samples:
        """The segment's sound; none where it is gone or broken, which the pipeline calls bad audio."""
        try:
            with self.services.objects.fetch(claim.stored.audio_key) as path:
                samples: Samples = soundfile.read(path, dtype="int16")[0]
                return samples
        except (ObjectNotFound, soundfile.LibsndfileError):
            return np.empty(0, np.int16)
