"""What tenants have used, by day and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Usage:
    """Jobs that were submitted, the bytes of their recordings, and samples at 16 kHz of those that were decoded."""

    jobs: int = 0
    bytes: int = 0
    samples: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.jobs + other.jobs, self.bytes + other.bytes, self.samples + other.samples)


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What was used on a day of UTC with one key, or without any."""

    day: date
    key_id: str | None
    usage: Usage


def total(days: Sequence[DayUsage]) -> Usage:
    return sum((found.usage for found in days), Usage())
