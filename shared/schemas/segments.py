"""Segments, and the timeline and the dominant emotion that are made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.failure import FailureCode
from shared.domain.lanes import HeardSegment
from shared.domain.recording import to_ms
from shared.domain.segment import Correction, SegmentFlag, SegmentResult, SegmentStatus
from shared.domain.speakers import speaker_label
from shared.domain.timeline import Dominant, TimelineEntry
from shared.findings.quantity import Quantity, quantity
from shared.frame_scores import Scores
from shared.schemas.document import Document, RoleOf
from shared.schemas.fields import Printable
from shared.schemas.frames import SegmentFramesDocument

AudioUrl = Callable[[int], str | None]
"""Return where a reader of the document gets the sound of the segment with this index, if anywhere."""


class TimelineEntryDocument(Document):
    start_ms: int = Field(examples=[6550])
    end_ms: int = Field(examples=[14770])
    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    """The name that the job's config gives the channel; null without one, and where the channels were mixed. Of a
    speaker it is the name that people gave, else the id."""
    speaker: str | None = Field(examples=[None])
    """Where speakers were told apart."""
    emotion: str = Field(examples=["neutral"])
    confidence: float = Field(examples=[0.72])
    corrected: bool = Field(examples=[False])
    """Whether the emotion of any of its segments is a person's correction."""

    @classmethod
    def from_entry(cls, entry: TimelineEntry, role_of: RoleOf) -> Self:
        return cls(
            start_ms=to_ms(entry.start),
            end_ms=to_ms(entry.end),
            channel=entry.channel,
            role=role_of(entry.channel),
            speaker=None if entry.speaker is None else speaker_label(entry.speaker),
            emotion=entry.emotion,
            confidence=entry.confidence,
            corrected=entry.corrected,
        )


class TimelineDocument(BaseModel):
    data: list[TimelineEntryDocument]
    next_cursor: None = None


class LaneStretchDocument(Document):
    """A stretch of a lane with the emotion of most of the speech in it."""

    start_ms: int = Field(examples=[754000])
    end_ms: int = Field(examples=[761000])
    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    emotion: str = Field(examples=["angry"])

    @classmethod
    def from_stretch(cls, stretch: HeardSegment, role_of: RoleOf) -> Self:
        return cls(
            start_ms=to_ms(stretch.start),
            end_ms=to_ms(stretch.end),
            channel=stretch.channel,
            role=role_of(stretch.channel),
            emotion=stretch.emotion,
        )


class LanesDocument(BaseModel):
    data: list[LaneStretchDocument]
    next_cursor: None = None


class CorrectionRequest(BaseModel):
    """What a person says the emotion of a segment is."""

    model_config = ConfigDict(extra="forbid")

    emotion: str = Field(max_length=64, examples=["angry"])
    comment: Printable | None = Field(
        default=None, min_length=1, max_length=1000, examples=["Raises her voice at the end."]
    )


class CorrectionDocument(Document):
    emotion: str = Field(examples=["angry"])
    comment: str | None = Field(examples=["Raises her voice at the end."])
    corrected_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    key_id: str | None = Field(examples=["key_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    """The API key that it was sent with; null without one."""

    @classmethod
    def from_correction(cls, correction: Correction) -> Self:
        return cls(
            emotion=correction.emotion,
            comment=correction.comment,
            corrected_at=correction.corrected_at,
            key_id=correction.key_id,
        )


class SegmentDocument(Document):
    index: int = Field(examples=[4])
    start_ms: int = Field(examples=[26510])
    end_ms: int = Field(examples=[35600])
    speech_ms: int = Field(examples=[8120])
    """Speech in it, without its margins and short pauses: what shares are of."""
    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    """The name that the job's config gives the channel; null without one, and where the channels were mixed. Of a
    speaker it is the name that people gave, else the id."""
    speaker: str | None = Field(examples=[None])
    """Where speakers were told apart; null until all of the recording is decoded."""
    emotion: str = Field(examples=["neutral"])
    """The emotion of the correction where there is one, else the model's; `unknown` while the segment waits, and where
    it was skipped."""
    confidence: float | None = Field(examples=[0.63])
    """The model's score of this emotion."""
    model_emotion: str = Field(examples=["neutral"])
    """The model's own answer, whatever people say."""
    scores: dict[str, float] | None = Field(examples=[{"neutral": 0.63, "happy": 0.27, "sad": 0.1}])
    status: SegmentStatus = Field(examples=["ok"])
    reason: FailureCode | None = Field(examples=[None])
    """Why it was skipped."""
    flags: list[SegmentFlag] = Field(examples=[["narrowband"]])
    """What limits how far the answer may be trusted; docs/flags.md says what each means."""
    unfamiliarity: float | None = Field(examples=[0.8])
    """How unlike the model's calibration data it sounds, with the flag `unfamiliar` above 1; null where the model has
    no calibration."""
    emotion_set: list[str] | None = Field(examples=[["neutral", "happy"]])
    """The emotions of which one is the true one with the probability of `set_probability`, as measured on calibration
    data; null unless it is asked for and the model is calibrated."""
    audio_url: str | None = Field(examples=["/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77/segments/4/audio"])
    correction: CorrectionDocument | None
    """What a person says it is."""
    frames: SegmentFramesDocument | None
    """There where the job's config asks for the granularity `frame` and the segment has scores."""

    @classmethod
    def from_segment(
        cls,
        result: SegmentResult,
        role_of: RoleOf,
        audio_url: str | None,
        frame_scores: Scores | None = None,
        set_probability: float | None = None,
    ) -> Self:
        """Return the document of a segment; `frame_scores` [frames, labels] are in the order of its own scores."""
        segment, outcome = result.segment, result.outcome
        return cls(
            index=segment.index,
            start_ms=to_ms(segment.start),
            end_ms=to_ms(segment.end),
            speech_ms=to_ms(segment.speech),
            channel=segment.channel,
            role=role_of(segment.channel),
            speaker=None if result.speaker is None else speaker_label(result.speaker),
            emotion=outcome.emotion,
            confidence=outcome.confidence,
            model_emotion=result.model_outcome.emotion,
            scores=dict(outcome.scores) if outcome.scores is not None else None,
            status=outcome.status,
            reason=outcome.reason,
            flags=list(result.flags),
            unfamiliarity=outcome.unfamiliarity,
            emotion_set=result.emotion_set(set_probability),
            audio_url=audio_url,
            correction=CorrectionDocument.from_correction(result.correction) if result.correction else None,
            frames=None
            if frame_scores is None
            else SegmentFramesDocument.from_scores(outcome.scores or (), frame_scores),
        )

    @classmethod
    def from_segments(
        cls,
        segments: Iterable[SegmentResult],
        role_of: RoleOf,
        audio_url: AudioUrl,
        frame_scores: Mapping[int, Scores],
        set_probability: float | None = None,
    ) -> list[Self]:
        """Return the documents of segments; `frame_scores` [frames, labels] are by index."""
        return [
            cls.from_segment(
                segment,
                role_of,
                audio_url(segment.segment.index),
                frame_scores.get(segment.segment.index),
                set_probability,
            )
            for segment in segments
        ]


class SegmentPageDocument(BaseModel):
    data: list[SegmentDocument]
    next_cursor: str | None


class DominantDocument(Document):
    emotion: str = Field(examples=["neutral"])
    confidence: float = Field(examples=[0.72])
    share: float = Field(examples=[0.69])
    """Share of the analysed speech."""
    speech_ms: int = Field(examples=[1793000])
    """The analysed speech, of all emotions."""
    quantity: Quantity
    """The word for the share: docs/explanation/curve.md has the rule."""

    @classmethod
    def from_dominant(cls, dominant: Dominant) -> Self:
        return cls(
            emotion=dominant.emotion,
            confidence=dominant.confidence,
            share=dominant.share,
            speech_ms=to_ms(dominant.speech),
            quantity=quantity(dominant.share, dominant.speech, dominant.confidence),
        )
