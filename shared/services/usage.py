"""What a tenant has used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from shared.domain.errors import InvalidPeriod
from shared.domain.job import DEFAULT_TENANT
from shared.domain.usage import DayUsage
from shared.ports import Clock, UsageStore

_USUAL = timedelta(days=29)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The use case."""

    store: UsageStore
    clock: Clock
    tenant: str = DEFAULT_TENANT

    def days(self, first: date | None, last: date | None) -> Sequence[DayUsage]:
        """By day and key, oldest first; by default to today, and for thirty days.

        Raises InvalidPeriod.
        """
        last = last or self.clock.now().astimezone(UTC).date()
        first = first or max(date.min + _USUAL, last) - _USUAL
        if not timedelta(0) <= last - first <= _LONGEST:
            raise InvalidPeriod
        return self.store.list_days(self.tenant, first, last)
