"""The JSON documents that leave Emoline, the same from the API and the command line.

Here, and only here, samples become milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.emotion import ModelInfo
from shared.domain.failure import FailureCode
from shared.domain.job import Job, JobStatus, SegmentCounts, progress
from shared.domain.options import JobOptions
from shared.domain.recording import ChannelMode, Recording, RecordingWarning, to_ms
from shared.domain.segment import SegmentResult, SegmentStatus
from shared.domain.timeline import Coverage, Dominant, Result, Summary, TimelineEntry

AudioUrl = Callable[[SegmentResult], str | None]
"""Where the audio of a segment is to be had, as far as the reader of the document is concerned."""

_EXAMPLE_ID = "job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"


class Document(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, protected_namespaces=())


class ProgressDocument(Document):
    segments_total: int
    """Segments found so far; it grows while the recording is being decoded."""
    segments_done: int
    segments_skipped: int
    percent: float
    eta_s: int | None
    """Seconds until it is done, as far as one can tell."""


class AudioDocument(Document):
    filename: str
    size_bytes: int
    sha256: str
    duration_ms: int | None
    channels: int | None
    sample_rate: int | None
    codec: str | None
    channel_mode: ChannelMode | None
    """Whether the channels were analysed each by itself (`split`) or as one (`mix`, then channel 0)."""
    warnings: list[RecordingWarning]

    @classmethod
    def of(cls, recording: Recording) -> Self:
        return cls(
            filename=recording.filename,
            size_bytes=recording.size_bytes,
            sha256=recording.sha256,
            duration_ms=None if recording.duration is None else to_ms(recording.duration),
            channels=recording.channels,
            sample_rate=recording.sample_rate,
            codec=recording.codec,
            channel_mode=recording.channel_mode,
            warnings=list(recording.warnings),
        )


class CoverageDocument(Document):
    speech_ms: int
    analysed_ms: int

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        return cls(speech_ms=to_ms(coverage.speech), analysed_ms=to_ms(coverage.analysed))


class ModelDocument(Document):
    id: str
    revision: str | None
    sha256: str
    """Of the weights and the labels."""
    notice: str | None
    """What one must know of this model to read its results rightly."""

    @classmethod
    def of(cls, model: ModelInfo) -> Self:
        return cls(id=model.id, revision=model.revision, sha256=model.sha256, notice=model.notice)


class ErrorDocument(Document):
    code: FailureCode
    message: str
    retryable: bool


class LinksDocument(Document):
    self: str
    result: str
    timeline: str
    segments: str


class JobDocument(Document):
    id: str = Field(examples=[_EXAMPLE_ID])
    status: JobStatus
    stage: Literal["preparing", "inferring", "finishing"] | None
    progress: ProgressDocument
    audio: AudioDocument
    coverage: CoverageDocument
    config: JobOptions
    model: ModelDocument | None
    """The model that was used; null until it is."""
    error: ErrorDocument | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    links: LinksDocument

    @classmethod
    def of(cls, job: Job, counts: SegmentCounts, now: datetime) -> Self:
        self_link = f"/v1/jobs/{job.id}"
        failure = job.failure
        return cls(
            id=job.id,
            status=job.state.status,
            stage=job.state.stage,
            progress=_progress(job, counts, now),
            audio=AudioDocument.of(job.recording),
            coverage=CoverageDocument.of(Coverage(job.speech, counts.analysed)),
            config=job.options,
            model=ModelDocument.of(job.model) if job.model else None,
            error=ErrorDocument(code=failure.code, message=failure.message, retryable=failure.retryable)
            if failure
            else None,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            expires_at=None,
            links=LinksDocument(
                self=self_link,
                result=f"{self_link}/result",
                timeline=f"{self_link}/timeline",
                segments=f"{self_link}/segments",
            ),
        )


def _progress(job: Job, counts: SegmentCounts, now: datetime) -> ProgressDocument:
    share = progress(job, counts)
    eta = None
    if job.started_at and not job.state.terminal and share > 0:
        eta = round((now.astimezone(UTC) - job.started_at).total_seconds() * (1 - share) / share)
    return ProgressDocument(
        segments_total=counts.total,
        segments_done=counts.done,
        segments_skipped=counts.skipped,
        percent=round(100 * share, 1),
        eta_s=eta,
    )


class TimelineEntryDocument(Document):
    start_ms: int
    end_ms: int
    channel: int
    role: str | None
    emotion: str
    confidence: float

    @classmethod
    def of(cls, entry: TimelineEntry) -> Self:
        return cls(
            start_ms=to_ms(entry.start),
            end_ms=to_ms(entry.end),
            channel=entry.channel,
            role=None,
            emotion=entry.emotion,
            confidence=entry.confidence,
        )


class SegmentDocument(Document):
    index: int
    start_ms: int
    end_ms: int
    channel: int
    emotion: str
    confidence: float | None
    scores: dict[str, float] | None
    status: SegmentStatus
    reason: FailureCode | None
    flags: list[str]
    audio_url: str | None

    @classmethod
    def of(cls, result: SegmentResult, audio_url: AudioUrl) -> Self:
        segment, outcome = result.segment, result.outcome
        return cls(
            index=segment.index,
            start_ms=to_ms(segment.start),
            end_ms=to_ms(segment.end),
            channel=segment.channel,
            emotion=outcome.emotion,
            confidence=outcome.confidence,
            scores=dict(outcome.scores) if outcome.scores is not None else None,
            status=outcome.status,
            reason=outcome.reason,
            flags=list(result.flags),
            audio_url=audio_url(result),
        )


class DominantDocument(Document):
    emotion: str
    confidence: float
    share: float
    """Share of the analysed time."""

    @classmethod
    def of(cls, dominant: Dominant) -> Self:
        return cls(emotion=dominant.emotion, confidence=dominant.confidence, share=dominant.share)


class ChannelSummaryDocument(Document):
    channel: int
    dominant: DominantDocument
    share_by_emotion: dict[str, float]


class QuarterSummaryDocument(Document):
    start_ms: int
    end_ms: int
    share_by_emotion: dict[str, float]


class TransitionDocument(Document):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    count: int


class PeakDocument(Document):
    emotion: str
    score: float
    index: int
    start_ms: int
    end_ms: int


class SummaryDocument(Document):
    share_by_emotion: dict[str, float]
    by_channel: list[ChannelSummaryDocument]
    by_quarter: list[QuarterSummaryDocument]
    transitions: list[TransitionDocument]
    peaks: list[PeakDocument]

    @classmethod
    def of(cls, summary: Summary) -> Self:
        return cls(
            share_by_emotion=summary.share_by_emotion,
            by_channel=[
                ChannelSummaryDocument(
                    channel=own.channel,
                    dominant=DominantDocument.of(own.dominant),
                    share_by_emotion=own.share_by_emotion,
                )
                for own in summary.by_channel
            ],
            by_quarter=[
                QuarterSummaryDocument(
                    start_ms=to_ms(quarter.start), end_ms=to_ms(quarter.end), share_by_emotion=quarter.share_by_emotion
                )
                for quarter in summary.by_quarter
            ],
            transitions=[
                TransitionDocument(source=change.source, target=change.target, count=change.count)
                for change in summary.transitions
            ],
            peaks=[
                PeakDocument(
                    emotion=peak.emotion,
                    score=peak.score,
                    index=peak.index,
                    start_ms=to_ms(peak.start),
                    end_ms=to_ms(peak.end),
                )
                for peak in summary.peaks
            ],
        )


class ResultDocument(Document):
    dominant: DominantDocument | None
    """The emotion that most segments carry; null where no speech was found."""
    timeline: list[TimelineEntryDocument]
    segments: list[SegmentDocument]
    summary: SummaryDocument
    coverage: CoverageDocument
    model: ModelDocument | None
    """Null where nothing was there to be analysed."""
    audio: AudioDocument

    @classmethod
    def of(cls, recording: Recording, result: Result, audio_url: AudioUrl) -> Self:
        return cls(
            dominant=DominantDocument.of(result.dominant) if result.dominant else None,
            timeline=[TimelineEntryDocument.of(entry) for entry in result.timeline],
            segments=[SegmentDocument.of(segment, audio_url) for segment in result.segments],
            summary=SummaryDocument.of(result.summary),
            coverage=CoverageDocument.of(result.coverage),
            model=ModelDocument.of(result.model) if result.model else None,
            audio=AudioDocument.of(recording),
        )
