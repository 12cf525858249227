"""Phases and the changes between them."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field

from shared.domain.recording import to_ms
from shared.findings.phases import Change, Phase
from shared.findings.quantity import Quantity
from shared.schemas.document import Document, RoleOf


class PhaseDocument(Document):
    """A stretch of a channel between two changes of its scores."""

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    start_ms: int = Field(examples=[750000])
    end_ms: int = Field(examples=[2460000])
    emotion: str = Field(examples=["angry"])
    """The most frequent emotion by analysed speech."""
    share: float = Field(examples=[0.71])
    confidence: float = Field(examples=[0.66])
    """Mean over the segments of that emotion."""
    quantity: Quantity = Field(examples=["mostly"])
    """The word for the share: docs/explanation/curve.md has the rule."""
    speech_ms: int = Field(examples=[683000])
    share_by_emotion: dict[str, float] = Field(examples=[{"angry": 0.71, "neutral": 0.29}])

    @classmethod
    def from_phase(cls, phase: Phase, role_of: RoleOf) -> Self:
        return cls(
            channel=phase.channel,
            role=role_of(phase.channel),
            start_ms=to_ms(phase.start),
            end_ms=to_ms(phase.end),
            emotion=phase.emotion,
            share=phase.share,
            confidence=phase.confidence,
            quantity=phase.quantity,
            speech_ms=to_ms(phase.speech),
            share_by_emotion=phase.share_by_emotion,
        )


class ChangeDocument(Document):
    """A change of the scores of a channel that lasts."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    time_ms: int = Field(examples=[750000])
    """Start of the first segment after it."""
    strength: float = Field(examples=[0.58])
    """The part of the score that is with other emotions than before, 0 to 1."""
    source: str = Field(alias="from", examples=["neutral"])
    """The most frequent emotion of the phase before."""
    target: str = Field(alias="to", examples=["angry"])
    """The most frequent emotion of the phase after, which may be the same."""
    rising: str = Field(examples=["angry"])
    """The emotion whose share of the speech grows most."""
    share_before: float = Field(examples=[0.06])
    """Its share before."""
    share_after: float = Field(examples=[0.71])

    @classmethod
    def from_change(cls, change: Change, role_of: RoleOf) -> Self:
        share_before, share_after = change.share_of(change.rising)
        return cls(
            channel=change.channel,
            role=role_of(change.channel),
            time_ms=to_ms(change.time),
            strength=change.strength,
            source=change.before.emotion,
            target=change.after.emotion,
            rising=change.rising,
            share_before=share_before,
            share_after=share_after,
        )
