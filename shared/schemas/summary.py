"""A recording in figures: shares, and for each channel quarters, transitions and peaks."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field

from shared.domain.recording import to_ms
from shared.domain.timeline import Summary
from shared.schemas.document import Document, RoleOf
from shared.schemas.segments import DominantDocument


class ChannelSummaryDocument(Document):
    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    dominant: DominantDocument
    share_by_emotion: dict[str, float] = Field(examples=[{"angry": 0.31, "neutral": 0.69}])
    usual_scores: dict[str, float] | None = Field(examples=[{"angry": 0.12, "neutral": 0.61}])
    """The median of each score over the speech of the channel; null where there is too little speech to tell."""


class QuarterSummaryDocument(Document):
    """The shares of a channel in a quarter of the recording."""

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    start_ms: int = Field(examples=[2700000])
    end_ms: int = Field(examples=[3600000])
    speech_ms: int = Field(examples=[341000])
    """Analysed speech in it."""
    share_by_emotion: dict[str, float] = Field(examples=[{"angry": 0.31, "neutral": 0.69}])


class TransitionDocument(Document):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    source: str = Field(alias="from", examples=["neutral"])
    target: str = Field(alias="to", examples=["angry"])
    count: int = Field(examples=[6])


class PeakDocument(Document):
    """The reliable segment of a channel with the highest confidence for an emotion."""

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    emotion: str = Field(examples=["angry"])
    score: float = Field(examples=[0.91])
    index: int = Field(examples=[61])
    start_ms: int = Field(examples=[754000])
    end_ms: int = Field(examples=[761000])


class SummaryDocument(Document):
    share_by_emotion: dict[str, float] = Field(examples=[{"angry": 0.31, "neutral": 0.69}])
    by_channel: list[ChannelSummaryDocument]
    by_quarter: list[QuarterSummaryDocument]
    transitions: list[TransitionDocument]
    peaks: list[PeakDocument]

    @classmethod
    def from_summary(cls, summary: Summary, role_of: RoleOf) -> Self:
        return cls(
            share_by_emotion=summary.share_by_emotion,
            by_channel=[
                ChannelSummaryDocument(
                    channel=channel.channel,
                    role=role_of(channel.channel),
                    dominant=DominantDocument.from_dominant(channel.dominant),
                    share_by_emotion=channel.share_by_emotion,
                    usual_scores=dict(channel.usual_scores) if channel.usual_scores else None,
                )
                for channel in summary.by_channel
            ],
            by_quarter=[
                QuarterSummaryDocument(
                    channel=quarter.channel,
                    role=role_of(quarter.channel),
                    start_ms=to_ms(quarter.start),
                    end_ms=to_ms(quarter.end),
                    speech_ms=to_ms(quarter.speech),
                    share_by_emotion=quarter.share_by_emotion,
                )
                for quarter in summary.by_quarter
            ],
            transitions=[
                TransitionDocument(
                    channel=change.channel,
                    role=role_of(change.channel),
                    source=change.source,
                    target=change.target,
                    count=change.count,
                )
                for change in summary.transitions
            ],
            peaks=[
                PeakDocument(
                    channel=peak.channel,
                    role=role_of(peak.channel),
                    emotion=peak.emotion,
                    score=peak.score,
                    index=peak.index,
                    start_ms=to_ms(peak.start),
                    end_ms=to_ms(peak.end),
                )
                for peak in summary.peaks
            ],
        )
