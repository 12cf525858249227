"""Usage: jobs, bytes and seconds of sound by day and API key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from shared.domain.recording import SAMPLE_RATE
from shared.domain.usage import DayUsage, Usage, total


class UsageDocument(BaseModel):
    jobs: int = Field(examples=[12])
    bytes: int = Field(examples=[172839252])
    audio_s: float = Field(examples=[43200])
    """Seconds of sound that were decoded."""

    @classmethod
    def from_usage(cls, usage: Usage) -> Self:
        return cls(jobs=usage.jobs, bytes=usage.bytes, audio_s=round(usage.samples / SAMPLE_RATE, 3))


class DayUsageDocument(UsageDocument):
    day: date = Field(examples=["2026-11-22"])
    key_id: str | None = Field(examples=[None])
    """Null where no key was needed."""

    @classmethod
    def from_day(cls, usage: DayUsage) -> Self:
        figures = UsageDocument.from_usage(usage.usage).model_dump()
        return cls(day=usage.day, key_id=usage.key_id, **figures)


class UsageReportDocument(BaseModel):
    data: list[DayUsageDocument]
    total: UsageDocument
    next_cursor: None = None

    @classmethod
    def from_days(cls, days: Sequence[DayUsage]) -> Self:
        return cls(data=list(map(DayUsageDocument.from_day, days)), total=UsageDocument.from_usage(total(days)))
