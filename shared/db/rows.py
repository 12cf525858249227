"""Conversion between domain values and rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from shared.db.tables import JobRow, SegmentCorrectionRow, SegmentRow
from shared.domain.alert import Alert
from shared.domain.emotion import ModelInfo
from shared.domain.failure import Failure, FailureCode
from shared.domain.job import Job, JobState
from shared.domain.options import PRIORITIES, JobOptions
from shared.domain.recording import Recording
from shared.domain.segment import (
    PENDING,
    Correction,
    Segment,
    SegmentFlag,
    SegmentOutcome,
    SegmentResult,
    SegmentStatus,
)
from shared.domain.talk import Talk
from shared.ports import StoredSegment

_RECORDING = TypeAdapter(Recording)
_OPTIONS = TypeAdapter(JobOptions)
_MODEL = TypeAdapter(ModelInfo)
_FAILURE = TypeAdapter(Failure)
_ALERTS = TypeAdapter(tuple[Alert, ...])
_TALK = TypeAdapter(tuple[Talk, ...])

_INDEXED = 200
"""Characters of a text by which it is found."""

RECORDED_AT = "recorded_at"
"""The key of the metadata that says when the recording was made."""


def job_values(job: Job) -> dict[str, Any]:
    """Return the columns of a job except for its id, lease, model and trace, which the stores write themselves."""
    return {
        "tenant": job.tenant,
        "key_id": job.key_id,
        "idempotency_key": job.idempotency_key,
        "priority": PRIORITIES.index(job.options.priority),
        "state": job.state.value,
        "to_download": job.recording.missing_from is not None,
        "recording": _RECORDING.dump_python(job.recording, mode="json"),
        "options": _OPTIONS.dump_python(job.options, mode="json"),
        "failure": _FAILURE.dump_python(job.failure, mode="json") if job.failure else None,
        "attempts": job.attempts,
        "prepared": job.prepared,
        "speech": job.speech,
        "dominant": job.dominant,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "audio_expires_at": job.audio_expires_at,
        "audio_deleted": job.audio_deleted,
        "alerts": _ALERTS.dump_python(job.alerts, mode="json"),
        "talk": _TALK.dump_python(job.talk, mode="json"),
        "batch_id": job.batch_id,
        "deadline_at": job.deadline_at,
        **sought_values(job),
    }


def sought_values(job: Job) -> dict[str, Any]:
    """Return the columns that a job is found and sorted by, which repeat parts of its recording and options."""
    return {
        "name": indexable(job.recording.filename.casefold()),
        "length": job.recording.duration or 0,
        "recorded_at": recorded_at(job),
    }


def recorded_at(job: Job) -> datetime:
    """Return the time of the recording, as the job's metadata has it in ISO 8601, else that of the submission."""
    try:
        time = datetime.fromisoformat(job.options.metadata.get(RECORDED_AT, ""))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return job.created_at


def indexable(text: str) -> str:
    """Return the beginning of a text, without what a column cannot hold: null characters and halves of surrogate pairs.

    An entry of an index of Postgres is limited to 2,704 bytes.
    """
    return text[:_INDEXED].replace("\0", "\ufffd").encode(errors="replace").decode()


def model_to_json(model: ModelInfo) -> dict[str, Any]:
    """Return a model as a JSON value."""
    value: dict[str, Any] = _MODEL.dump_python(model, mode="json")
    return value


def model_from_json(value: dict[str, Any]) -> ModelInfo:
    """Return the model of a JSON value."""
    return _MODEL.validate_python(value)


def job_from_row(row: JobRow) -> Job:
    """Return the job of a row."""
    return Job(
        id=row.id,
        tenant=row.tenant,
        key_id=row.key_id,
        idempotency_key=row.idempotency_key,
        recording=_RECORDING.validate_python(row.recording),
        options=_OPTIONS.validate_python(row.options),
        created_at=row.created_at,
        state=JobState(row.state),
        attempts=row.attempts,
        prepared=row.prepared,
        speech=row.speech,
        dominant=row.dominant,
        model=model_from_json(row.model) if row.model else None,
        failure=_FAILURE.validate_python(row.failure) if row.failure else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
        audio_deleted=row.audio_deleted,
        alerts=_ALERTS.validate_python(row.alerts),
        talk=_TALK.validate_python(row.talk),
        batch_id=row.batch_id,
        deadline_at=row.deadline_at,
        trace=row.trace,
    )


def segment_values(stored: StoredSegment) -> dict[str, Any]:
    """Return the columns of a segment that is not analysed yet."""
    segment = stored.segment
    return {
        "channel": segment.channel,
        "start": segment.start,
        "end": segment.end,
        "speech": segment.speech,
        "flags": [flag.value for flag in segment.flags],
        "audio_key": stored.audio_key,
        "audio_start": None if stored.audio_span is None else stored.audio_span.start,
        "audio_end": None if stored.audio_span is None else stored.audio_span.stop,
        **outcome_values(PENDING),
    }


def outcome_values(outcome: SegmentOutcome) -> dict[str, Any]:
    """Return the columns of an outcome."""
    return {
        "status": outcome.status.value,
        "emotion": outcome.emotion,
        "confidence": outcome.confidence,
        "scores": dict(outcome.scores) if outcome.scores is not None else None,
        "reason": outcome.reason.value if outcome.reason else None,
        "p_values": dict(outcome.p_values) if outcome.p_values is not None else None,
        "unfamiliarity": outcome.unfamiliarity,
    }


def stored_segment_from_row(row: SegmentRow) -> StoredSegment:
    """Return the segment of a row, with the place of its audio."""
    flags = tuple(map(SegmentFlag, row.flags))
    segment = Segment(row.index, row.channel, row.start, row.end, row.speech, flags)
    if row.audio_start is None or row.audio_end is None:
        return StoredSegment(segment, row.audio_key)
    return StoredSegment(segment, row.audio_key, range(row.audio_start, row.audio_end))


_STATUSES = {status.value: status for status in SegmentStatus}
"""To look one up takes a tenth of the time of `SegmentStatus(value)`, which counts for the segments of a day."""

RESULT_COLUMNS = (
    SegmentRow.index,
    SegmentRow.channel,
    SegmentRow.start,
    SegmentRow.end,
    SegmentRow.speech,
    SegmentRow.flags,
    SegmentRow.status,
    SegmentRow.emotion,
    SegmentRow.confidence,
    SegmentRow.scores,
    SegmentRow.reason,
    SegmentRow.p_values,
    SegmentRow.unfamiliarity,
    SegmentRow.speaker,
)
"""The columns for `result_from_row`: whole rows of a recording's thousands of segments would take twice as long."""
CORRECTION_COLUMNS = (
    SegmentCorrectionRow.emotion,
    SegmentCorrectionRow.comment,
    SegmentCorrectionRow.corrected_at,
    SegmentCorrectionRow.key_id,
)


def result_from_row(row: Iterable[Any]) -> SegmentResult:
    """Return the result of a row's `RESULT_COLUMNS` and, null without a correction, `CORRECTION_COLUMNS`."""
    (
        index, channel, start, end, speech, flags, status, emotion, confidence, scores, reason, p_values, unfamiliarity,
        speaker, corrected, comment, corrected_at, key_id,
    ) = row  # fmt: skip
    segment = Segment(index, channel, start, end, speech, tuple(map(SegmentFlag, flags)) if flags else ())
    failure = FailureCode(reason) if reason else None
    outcome = SegmentOutcome(_STATUSES[status], emotion, confidence, scores, failure, p_values, unfamiliarity)
    correction = None if corrected is None else Correction(corrected, comment, corrected_at, key_id)
    return SegmentResult(segment, outcome, correction, speaker=speaker)
