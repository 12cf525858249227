"""Usage of tenants, by day and API key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Usage:
    """The number of submitted jobs, the bytes of their recordings, and the decoded samples at 16 kHz."""

    jobs: int = 0
    bytes: int = 0
    samples: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.jobs + other.jobs, self.bytes + other.bytes, self.samples + other.samples)


@dataclass(frozen=True, slots=True)
class DayUsage:
    """The usage on a day in UTC with one API key, None without a key."""

    day: date
    key_id: str | None
    usage: Usage


def total(days: Sequence[DayUsage]) -> Usage:
    """Add up the usage of all days and keys."""
    return sum((day.usage for day in days), Usage())
