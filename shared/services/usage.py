"""Usage of a tenant by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from shared.domain.errors import InvalidPeriod
from shared.domain.job import DEFAULT_TENANT
from shared.domain.usage import DayUsage
from shared.ports import Clock, UsageStore

_DEFAULT_PERIOD = timedelta(days=29)
_LONGEST_PERIOD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Reports the usage of a tenant."""

    store: UsageStore
    clock: Clock
    tenant: str = DEFAULT_TENANT

    def days(self, first: date | None, last: date | None) -> Sequence[DayUsage]:
        """Return the usage by day and key, oldest first, by default of the last thirty days. Raises InvalidPeriod."""
        last = last or self.clock.now().astimezone(UTC).date()
        first = first or max(date.min + _DEFAULT_PERIOD, last) - _DEFAULT_PERIOD
        if not timedelta(0) <= last - first <= _LONGEST_PERIOD:
            raise InvalidPeriod
        return self.store.list_days(self.tenant, first, last)
