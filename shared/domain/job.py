"""Jobs and their state machine. No other module decides which state may follow which."""

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
from shared.domain.talk import Talk

MAX_ATTEMPTS = 3
"""Attempts at a stage or a segment before it fails."""

DEFAULT_TENANT = "default"
"""The tenant of all jobs where the service has no API keys."""


class JobStatus(StrEnum):
    """What users see of the state."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class JobState(StrEnum):
    """The state of a job: waiting, one of the stages of processing, or ended."""

    QUEUED = "queued"
    PREPARING = "preparing"
    INFERRING = "inferring"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        """Whether the job has ended. It leaves such a state only when it is retried."""
        return self in _TERMINAL

    @property
    def status(self) -> JobStatus:
        """The status that users see."""
        return JobStatus.PROCESSING if self in _PROCESSING else JobStatus(self.value)

    @property
    def stage(self) -> str | None:
        """The name of the present stage, None unless the job is being processed."""
        return self.value if self in _PROCESSING else None


_TERMINAL = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}
_PROCESSING = {JobState.PREPARING, JobState.INFERRING, JobState.FINISHING}

TRANSITIONS: dict[JobState, set[JobState]] = {
    # Inference starts on the first segments while the job is still PREPARING.
    # Any state but the last three may end in FAILED because the deadline has passed.
    JobState.QUEUED: {JobState.PREPARING, JobState.FAILED, JobState.CANCELED},
    # A stage may follow itself: it is claimed again when its worker has died.
    JobState.PREPARING: {JobState.PREPARING, JobState.INFERRING, JobState.FAILED, JobState.CANCELED},
    JobState.INFERRING: {JobState.FINISHING, JobState.FAILED, JobState.CANCELED},
    JobState.FINISHING: {JobState.FINISHING, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED},
    # Users can retry a job that has ended.
    JobState.SUCCEEDED: {JobState.QUEUED},
    JobState.FAILED: {JobState.QUEUED},
    JobState.CANCELED: {JobState.QUEUED},
}


def deadline(options: JobOptions, now: datetime) -> datetime | None:
    """Return the time by which a job that is submitted or retried `now` must have ended, None without a limit."""
    return None if options.deadline_s is None else now + timedelta(seconds=options.deadline_s)


@dataclass(frozen=True, slots=True)
class Job:
    """The analysis of one recording.

    `attempts` counts the claims of the present stage. `prepared` is the number of samples decoded so far, `speech` the
    number of these that hold speech. `key_id` is the id of the API key that submitted the job, `batch_id` that of its
    batch. `dominant` is the emotion of most segments, None before they are analysed. `talk` is the part of each channel
    in the conversation, where it was measured. `trace` is the W3C traceparent of
    the request that submitted the job.
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
    talk: tuple[Talk, ...] = ()
    batch_id: str | None = None
    deadline_at: datetime | None = None
    trace: str | None = None

    @property
    def expires_at(self) -> datetime | None:
        """The time at which the job is deleted, None if it is not."""
        return self._after_end(self.options.retention.results_s)

    @property
    def audio_expires_at(self) -> datetime | None:
        """The time at which the recording and the audio of its segments are deleted, None if they are not."""
        return None if self.audio_deleted else self._after_end(self.options.retention.audio_s)

    def _after_end(self, seconds: int | None) -> datetime | None:
        if self.finished_at is None or seconds is None:
            return None
        return self.finished_at + timedelta(seconds=seconds)

    def by_speaker(self) -> Self:
        """Copy the job with the speakers of its recording as channels, if there are any."""
        return replace(self, recording=self.recording.by_speaker())

    def evolve(self, **changes: Any) -> Self:
        """Copy the job with other values; the state changes only by `to`."""
        assert "state" not in changes
        return replace(self, **changes)

    def to(self, state: JobState, now: datetime) -> Self:
        """Copy the job in another state. Raises InvalidTransition unless `TRANSITIONS` has it."""
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
        """Copy the job as claimed by a worker, in its next stage and with one more attempt."""
        target = {JobState.QUEUED: JobState.PREPARING, JobState.INFERRING: JobState.FINISHING}.get(
            self.state, self.state
        )
        claimed = self.to(target, now)
        return replace(claimed, attempts=claimed.attempts + 1)

    def retried(self, now: datetime) -> Self:
        """Copy a job that has ended as queued again, with nothing of its former run. Raises InvalidTransition."""
        return replace(
            self.to(JobState.QUEUED, now),
            prepared=0,
            speech=0,
            attempts=0,
            started_at=None,
            deadline_at=deadline(self.options, now),
            dominant=None,
            alerts=(),
            talk=(),
            failure=None,
        )

    def untried(self) -> Self:
        """Copy the job without its last attempt at the stage."""
        return self.evolve(attempts=self.attempts - 1)

    def failed(self, failure: Failure, now: datetime) -> Self:
        """Copy the job as failed. Raises InvalidTransition."""
        return replace(self.to(JobState.FAILED, now), failure=failure)

    def after(self, failure: Failure, now: datetime) -> Self:
        """Copy the job as it is after a failure of its stage: in the same stage where a retry may help, else failed.

        An attempt that an outage ended is not counted.
        """
        if failure.outage:
            return self.untried()
        if failure.retryable and self.attempts < MAX_ATTEMPTS:
            return self
        return self.failed(failure, now)

    @property
    def worn_out(self) -> bool:
        """Whether the stage was claimed more often than allowed, because its workers died."""
        return self.attempts > MAX_ATTEMPTS

    def given_up(self, now: datetime) -> Self:
        """Copy the job as failed because its workers died too often."""
        return self.failed(FAILURES[FailureCode.GAVE_UP], now)

    def overdue(self, now: datetime) -> bool:
        """Whether the deadline has passed."""
        return self.deadline_at is not None and self.deadline_at <= now

    def too_late(self, now: datetime) -> Self:
        """Copy the job as failed because its deadline has passed."""
        return self.failed(FAILURES[FailureCode.DEADLINE_EXCEEDED], now)

    def without_audio(self) -> Self:
        """Copy the job without its audio, which is not downloaded again either."""
        return replace(self, audio_deleted=True, recording=self.recording.without_url())


@dataclass(frozen=True, slots=True)
class Deletion:
    """The deletion of a job; it is `complete` once the store has none of its objects any more."""

    deleted_at: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """The number of segments of a job by status. `analysed` is the speech in the analysed segments, in samples."""

    total: int = 0
    ok: int = 0
    skipped: int = 0
    analysed: int = 0

    @property
    def processed(self) -> int:
        """The number of segments that are not pending."""
        return self.ok + self.skipped


def progress(job: Job, counts: SegmentCounts) -> float:
    """Return the share of the work that is done, 0 to 1.

    The final number of segments is unknown during decoding, so the share is weighted by the decoded part.
    """
    if job.state.terminal:
        return 1.0
    if job.state is JobState.FINISHING:
        return 0.99
    declared = job.recording.duration
    decoded = min(1.0, job.prepared / declared) if declared else 0.0
    analysed = counts.processed / counts.total if counts.total else 0.0
    return 0.99 * decoded * analysed
