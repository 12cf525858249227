"""A job and THE state machine. No other place decides which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from shared.domain.alert import Alert
from shared.domain.emotion import ModelInfo
from shared.domain.errors import InvalidTransition
from shared.domain.failure import FAILURES, Failure, FailureCode
from shared.domain.options import JobOptions
from shared.domain.recording import Recording

MAX_ATTEMPTS = 3
"""Times that a stage, or a segment, is tried before it is given up."""


DEFAULT_TENANT = "default"
"""Whose jobs are, where nobody is told apart."""


class JobStatus(StrEnum):
    """What users see of the state."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class JobState(StrEnum):
    QUEUED = "queued"
    PREPARING = "preparing"
    INFERRING = "inferring"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        """Whether nothing more happens, unless its owner wants it tried again."""
        return self in _TERMINAL

    @property
    def status(self) -> JobStatus:
        return JobStatus.PROCESSING if self in _PROCESSING else JobStatus(self.value)

    @property
    def stage(self) -> str | None:
        return self.value if self in _PROCESSING else None


_TERMINAL = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}
_PROCESSING = {JobState.PREPARING, JobState.INFERRING, JobState.FINISHING}

TRANSITIONS: dict[JobState, set[JobState]] = {
    # Preparing stores segments, and inference starts on them, while the rest is still being decoded.
    # Whatever state a job is in, its deadline may come.
    JobState.QUEUED: {JobState.PREPARING, JobState.FAILED, JobState.CANCELED},
    # A stage whose worker died is claimed again: it follows itself.
    JobState.PREPARING: {JobState.PREPARING, JobState.INFERRING, JobState.FAILED, JobState.CANCELED},
    JobState.INFERRING: {JobState.FINISHING, JobState.FAILED, JobState.CANCELED},
    JobState.FINISHING: {JobState.FINISHING, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED},
    # Tried again when its owner wants it so.
    JobState.SUCCEEDED: {JobState.QUEUED},
    JobState.FAILED: {JobState.QUEUED},
    JobState.CANCELED: {JobState.QUEUED},
}


def deadline(options: JobOptions, now: datetime) -> datetime | None:
    """By when a job that is asked for now is to have ended."""
    return None if options.deadline_s is None else now + timedelta(seconds=options.deadline_s)


@dataclass(frozen=True, slots=True)
class Job:
    """One recording on its way to a timeline.

    `attempts` counts how often the present stage was claimed. `prepared` and `speech` are the samples decoded, and
    those of them found to hold speech, so far. `key_id` is of the API key that it was submitted with, `batch_id` of the
    request, where that was one of many jobs. `dominant` is the emotion that most of its segments carry, once they are
    analysed. `trace` is the W3C traceparent of the request that submitted it.
    """

    id: str
    recording: Recording
    options: JobOptions
    created_at: datetime
    tenant: str = DEFAULT_TENANT
    key_id: str | None = None
    idempotency_key: str | None = None
    state: JobState = JobState.QUEUED
    attempts: int = 0
    prepared: int = 0
    speech: int = 0
    model: ModelInfo | None = None
    dominant: str | None = None
    failure: Failure | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    audio_deleted: bool = False
    alerts: tuple[Alert, ...] = ()
    batch_id: str | None = None
    deadline_at: datetime | None = None
    trace: str | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the job is deleted."""
        return self._after_end(self.options.retention.results_s)

    @property
    def audio_expires_at(self) -> datetime | None:
        """When the recording and the sound of its segments are deleted."""
        return None if self.audio_deleted else self._after_end(self.options.retention.audio_s)

    def _after_end(self, seconds: int | None) -> datetime | None:
        if self.finished_at is None or seconds is None:
            return None
        return self.finished_at + timedelta(seconds=seconds)

    def evolve(self, **changes: Any) -> Self:
        """A copy with other values; the state changes only by `to`."""
        assert "state" not in changes
        return replace(self, **changes)

    def to(self, state: JobState, now: datetime) -> Self:
        """The job in another state.

        Raises:
            InvalidTransition: `TRANSITIONS` does not lead there.
        """
        if state not in TRANSITIONS[self.state]:
            raise InvalidTransition(f"A job cannot go from {self.state} to {state}.")
        return replace(
            self,
            state=state,
            attempts=self.attempts if state is self.state else 0,
            started_at=self.started_at or (None if state.terminal else now),
            finished_at=now if state.terminal else None,
        )

    def claimed(self, now: datetime) -> Self:
        """The job as the worker that claims its next stage has it."""
        target = {JobState.QUEUED: JobState.PREPARING, JobState.INFERRING: JobState.FINISHING}.get(
            self.state, self.state
        )
        claimed = self.to(target, now)
        return replace(claimed, attempts=claimed.attempts + 1)

    def retried(self, now: datetime) -> Self:
        """The job that has ended, as if it had just been submitted."""
        again = self.to(JobState.QUEUED, now)
        again = replace(again, prepared=0, speech=0, attempts=0, started_at=None)
        again = replace(again, deadline_at=deadline(self.options, now))
        return replace(again, dominant=None, alerts=(), failure=None)

    def untried(self) -> Self:
        """The job as if its stage had not been claimed this time."""
        return self.evolve(attempts=self.attempts - 1)

    def failed(self, failure: Failure, now: datetime) -> Self:
        return replace(self.to(JobState.FAILED, now), failure=failure)

    def after(self, failure: Failure, now: datetime) -> Self:
        """The job after a failure of its stage: still in the stage where another attempt may help, else failed.

        An attempt that an outage ended was none.
        """
        if failure.outage:
            return self.untried()
        if failure.retryable and self.attempts < MAX_ATTEMPTS:
            return self
        return self.failed(failure, now)

    @property
    def worn_out(self) -> bool:
        """Whether the stage was claimed more often than allowed, because its workers died without a word."""
        return self.attempts > MAX_ATTEMPTS

    def given_up(self, now: datetime) -> Self:
        return self.failed(FAILURES[FailureCode.GAVE_UP], now)

    def overdue(self, now: datetime) -> bool:
        return self.deadline_at is not None and self.deadline_at <= now

    def too_late(self, now: datetime) -> Self:
        return self.failed(FAILURES[FailureCode.DEADLINE_EXCEEDED], now)

    def without_audio(self) -> Self:
        """The job whose recording was deleted: it is not downloaded again either."""
        return replace(self, audio_deleted=True, recording=self.recording.without_url())


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """Where the segments of a job stand. `analysed` is in samples of speech."""

    total: int = 0
    ok: int = 0
    skipped: int = 0
    analysed: int = 0

    @property
    def done(self) -> int:
        return self.ok + self.skipped


def progress(job: Job, counts: SegmentCounts) -> float:
    """How much of the work is done, 0 to 1.

    While decoding goes on the number of segments is not known: the share of the recording that was decoded stands in.
    """
    if job.state.terminal:
        return 1.0
    if job.state is JobState.FINISHING:
        return 0.99
    declared = job.recording.duration
    decoded = min(1.0, job.prepared / declared) if declared else 0.0
    analysed = counts.done / counts.total if counts.total else 0.0
    return 0.99 * decoded * analysed
