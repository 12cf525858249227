"""Segments, and the timeline and the dominant emotion that come of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self

from pydantic import Field

from shared.domain.failure import FailureCode
from shared.domain.recording import to_ms
from shared.domain.segment import Correction, SegmentFlag, SegmentResult, SegmentStatus
from shared.domain.timeline import Dominant, TimelineEntry
from shared.frame_scores import FrameScores
from shared.schemas.frames import SegmentFramesDocument
from shared.schemas.recording import Document, RoleOf

AudioUrl = Callable[[SegmentResult], str | None]
"""Where the audio of a segment is to be had, as far as the reader of the document is concerned."""


class TimelineEntryDocument(Document):
    start_ms: int = Field(examples=[6550])
    end_ms: int = Field(examples=[14770])
    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    """The name that the job's config gives the channel; null without one, and where the channels were mixed."""
    emotion: str = Field(examples=["neutral"])
    confidence: float = Field(examples=[0.72])

    @classmethod
    def of(cls, entry: TimelineEntry, role_of: RoleOf) -> Self:
        return cls(
            start_ms=to_ms(entry.start),
            end_ms=to_ms(entry.end),
            channel=entry.channel,
            role=role_of(entry.channel),
            emotion=entry.emotion,
            confidence=entry.confidence,
        )


class CorrectionDocument(Document):
    emotion: str = Field(examples=["angry"])
    comment: str | None = Field(examples=["Raises her voice at the end."])
    corrected_at: datetime

    @classmethod
    def of(cls, correction: Correction) -> Self:
        return cls(emotion=correction.emotion, comment=correction.comment, corrected_at=correction.corrected_at)


class SegmentDocument(Document):
    index: int = Field(examples=[4])
    start_ms: int = Field(examples=[26510])
    end_ms: int = Field(examples=[35600])
    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    """The name that the job's config gives the channel; null without one, and where the channels were mixed."""
    emotion: str = Field(examples=["neutral"])
    """`unknown` while the segment waits, and where it was skipped."""
    confidence: float | None = Field(examples=[0.63])
    scores: dict[str, float] | None = Field(examples=[{"neutral": 0.63, "happy": 0.27, "sad": 0.1}])
    status: SegmentStatus = Field(examples=["ok"])
    reason: FailureCode | None = Field(examples=[None])
    """Why it was skipped."""
    flags: list[SegmentFlag] = Field(examples=[["narrowband"]])
    """What limits how far the answer may be trusted; docs/flags.md says what each means."""
    audio_url: str | None = Field(examples=["/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77/segments/4/audio"])
    correction: CorrectionDocument | None
    """What a person says it is: feedback, by which nothing else in the result changes."""
    frames: SegmentFramesDocument | None
    """There where the job's config asks for the granularity `frame` and the segment has scores."""

    @classmethod
    def of(cls, result: SegmentResult, role_of: RoleOf, audio_url: AudioUrl, frame_scores: FrameScores) -> Self:
        segment, outcome = result.segment, result.outcome
        frames = frame_scores(result)
        return cls(
            index=segment.index,
            start_ms=to_ms(segment.start),
            end_ms=to_ms(segment.end),
            channel=segment.channel,
            role=role_of(segment.channel),
            emotion=outcome.emotion,
            confidence=outcome.confidence,
            scores=dict(outcome.scores) if outcome.scores is not None else None,
            status=outcome.status,
            reason=outcome.reason,
            flags=list(segment.flags),
            audio_url=audio_url(result),
            correction=CorrectionDocument.of(result.correction) if result.correction else None,
            frames=None if frames is None else SegmentFramesDocument.of(outcome.scores or (), frames),
        )


class DominantDocument(Document):
    emotion: str
    confidence: float
    share: float
    """Share of the analysed time."""

    @classmethod
    def of(cls, dominant: Dominant) -> Self:
        return cls(emotion=dominant.emotion, confidence=dominant.confidence, share=dominant.share)
