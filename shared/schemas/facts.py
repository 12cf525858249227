"""The facts of a job in a list: the figures by which it was found or sorted."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from shared.domain.alert import Part
from shared.domain.facts import ChannelFacts, WorstMinute
from shared.domain.recording import to_ms
from shared.schemas.document import Document


class WorstMinuteDocument(Document):
    """The minute in which the largest share of the speech is angry, disgusted, fearful or sad."""

    start_ms: int = Field(examples=[754000])
    share: float = Field(examples=[0.83])

    @classmethod
    def from_worst_minute(cls, worst_minute: WorstMinute) -> Self:
        return cls(start_ms=to_ms(worst_minute.start), share=worst_minute.share)


class FactsDocument(Document):
    channel: int | None = Field(examples=[1])
    """Null for the whole recording."""
    role: str | None = Field(examples=["customer"])
    speech_ms: int = Field(examples=[1302000])
    """Speech in its segments."""
    analysed_ms: int = Field(examples=[1299000])
    share_by_emotion: dict[Part, dict[str, float]] = Field(examples=[{"last_quarter": {"angry": 0.81, "sad": 0.19}}])
    """The shares of the whole and of each quarter, with corrections."""
    worst_minute: WorstMinuteDocument | None
    corrected_segments: int = Field(examples=[0])
    interruptions: int | None = Field(examples=[3])
    """How often the channel interrupts the other; null where that was not measured."""
    talk_share: float | None = Field(examples=[0.44])
    """The channel's share of the speech of all."""

    @classmethod
    def from_facts(cls, facts: ChannelFacts) -> Self:
        return cls(
            channel=facts.channel,
            role=facts.role,
            speech_ms=to_ms(facts.speech),
            analysed_ms=to_ms(facts.analysed),
            share_by_emotion={part: dict(part_facts.shares) for part, part_facts in facts.parts.items()},
            worst_minute=WorstMinuteDocument.from_worst_minute(facts.worst_minute) if facts.worst_minute else None,
            corrected_segments=facts.corrected,
            interruptions=facts.talk.interruptions if facts.talk else None,
            talk_share=facts.talk.share if facts.talk else None,
        )
