"""What the API answers with about usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from pydantic import BaseModel

from shared.domain.recording import SAMPLE_RATE
from shared.domain.usage import DayUsage, Usage, total


class UsageDocument(BaseModel):
    jobs: int
    bytes: int
    audio_s: float
    """Seconds of sound that were decoded."""

    @classmethod
    def of(cls, usage: Usage) -> Self:
        return cls(**_values(usage))


class DayUsageDocument(UsageDocument):
    day: date
    key_id: str | None
    """Null where no key was needed."""

    @classmethod
    def of_day(cls, found: DayUsage) -> Self:
        return cls(day=found.day, key_id=found.key_id, **_values(found.usage))


class UsageReportDocument(BaseModel):
    data: list[DayUsageDocument]
    total: UsageDocument
    next_cursor: None = None

    @classmethod
    def of(cls, days: Sequence[DayUsage]) -> Self:
        return cls(data=list(map(DayUsageDocument.of_day, days)), total=UsageDocument.of(total(days)))


def _values(usage: Usage) -> dict[str, float]:
    return {"jobs": usage.jobs, "bytes": usage.bytes, "audio_s": round(usage.samples / SAMPLE_RATE, 3)}
