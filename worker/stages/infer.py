"""The stage `inferring`: claim segments of any jobs, score them with the model, and record the scores.

The worker runs it in several threads: while the model works on the claim of one, the others store what it answered and
load what comes next. The sound of a claim is read, and the arrays are written, many objects at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from threading import Event, Lock

import structlog
from structlog.contextvars import bound_contextvars

from shared.container import Services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import LeaseLost, Outage
from shared.domain.failure import FailureCode
from shared.domain.job import MAX_ATTEMPTS, Job, JobState
from shared.domain.segment import Segment, SegmentOutcome
from shared.ports import Queue, SegmentClaim
from shared.telemetry import traces
from worker import metrics
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import Inference, infer
from worker.pipeline.ports import EmotionModel, Floats
from worker.stages.hold_lease import hold_lease
from worker.stages.load_sounds import load_sounds
from worker.stages.retry_during_outage import retry_during_outage

_log = structlog.get_logger()
_CLAIMED_S = 0.32
"""Seconds of the model's work in a claim, where that is more than a batch. It hides the round trips to a distant store.

On a device of 8,000 seconds of sound per second the sound of a claim takes 82 MB, and the stage has three claims at
most.
"""
_OBJECTS_AT_ONCE = 32
"""A store takes up to a hundred milliseconds for an object, a fast model no longer for all segments of a claim."""


@dataclass(frozen=True, slots=True)
class InferStage:
    """The stage that scores segments.

    `stop` is set when the worker must end: nothing more is claimed. `threads` read and write objects. `loading` is held
    by the claim that is made and loaded, until the model has it: so one claim waits for the model, however many
    threads there are.
    """

    services: Services
    model: EmotionModel
    stop: Event = field(default_factory=Event)
    loading: AbstractContextManager[object] = field(default_factory=Lock)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_OBJECTS_AT_ONCE, "objects"))

    def run_once(self) -> bool:
        """Score the next segments, as many as the model is busy with for a while; return False when there are none.

        Raises:
            ModelUnavailable: the model cannot run. The segments are given back.
            Outage, OSError: the database or the object store failed. The segments are given back.
        """
        model = self.model.info  # loads the model; until that has worked, no segment is claimed
        self.services.ports.model_registry.record_run(model)
        with ExitStack() as loading:
            loading.enter_context(self.loading)
            if self.stop.is_set():
                return False
            budget = max(self.model.batch, int(_CLAIMED_S * self.model.samples_per_s))
            claims = self.services.ports.work_queue.claim_segments(budget)
            if claims:
                self.services.ports.wake_ups.wake(Queue.INFER)  # more may be waiting
                try:
                    self._analyse(claims, model, loading.close)
                except (ModelUnavailable, Outage, OSError):
                    retry_during_outage(lambda: self.services.ports.work_queue.release_segments(claims))
                    raise
        return bool(claims)

    def _analyse(self, claims: Sequence[SegmentClaim], model: ModelInfo, on_start: Callable[[], object]) -> None:
        """Score the claimed segments and record their outcomes; a lost lease discards them.

        `on_start` is called when the model begins.
        """
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
                    jobs = self._jobs(fresh)
                    traces.link(job.trace for job in jobs.values())
                    inferences = infer(
                        self.model,
                        load_sounds(self.services.object_store, [claim.stored for claim in fresh], self.threads),
                        frame_embeddings=any(job.options.embeddings == "frame" for job in jobs.values()),
                        on_start=on_start,
                    )
                    inferences = [
                        inference.among(jobs[claim.job_id].options.emotions) if claim.job_id in jobs else inference
                        for claim, inference in zip(fresh, inferences, strict=True)
                    ]
                    lease.check()
                    logits_keys = self._store(fresh, inferences)
                outcomes = [(claim, inference.outcome) for claim, inference in zip(fresh, inferences, strict=True)]
                outcomes += [(claim, SegmentOutcome.skipped(FailureCode.CRASH)) for claim in worn_out]
                recorded = queue.record(outcomes, model, logits_keys)
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

    def _store(self, claims: Sequence[SegmentClaim], inferences: Sequence[Inference]) -> dict[str, str]:
        """Store the logits and embeddings of the scored segments; return the objects with the logits by job."""
        # The jobs are read again: objects written for a job that was deleted a while ago would never be swept away.
        jobs = self._jobs(claims)
        frame_store = self.services.frame_store
        logits: dict[str, dict[Segment, Floats]] = {}
        embeddings: list[tuple[str, Segment, Floats]] = []
        for claim, inference in zip(claims, inferences, strict=True):
            prediction, segment = inference.prediction, claim.stored.segment
            if prediction and claim.job_id in jobs:
                logits.setdefault(claim.job_id, {})[segment] = prediction.logits
                embedding = prediction.embeddings(jobs[claim.job_id].options.embeddings)
                if embedding is not None:
                    embeddings.append((claim.job_id, segment, embedding))
        list(self.threads.map(lambda item: frame_store.store_embeddings(*item), embeddings))
        stored = self.threads.map(lambda item: frame_store.store_logits(*item), logits.items())
        return dict(zip(logits, stored, strict=True))
