"""A recording in figures: shares, and for each channel quarters, transitions and peaks."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field

from shared.domain.recording import to_ms
from shared.domain.timeline import Summary
from shared.schemas.document import Document, RoleOf
from shared.schemas.segments import DominantDocument


class ChannelSummaryDocument(Document):
    channel: int
    role: str | None
    dominant: DominantDocument
    share_by_emotion: dict[str, float]
    usual_scores: dict[str, float] | None
    """The median of each score over the speech of the channel; null where there is too little speech to tell."""


class QuarterSummaryDocument(Document):
    """The shares of a channel in a quarter of the recording."""

    channel: int
    role: str | None
    start_ms: int
    end_ms: int
    speech_ms: int
    """Analysed speech in it."""
    share_by_emotion: dict[str, float]


class TransitionDocument(Document):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    channel: int
    role: str | None
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    count: int


class PeakDocument(Document):
    """The reliable segment of a channel with the highest confidence for an emotion."""

    channel: int
    role: str | None
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
