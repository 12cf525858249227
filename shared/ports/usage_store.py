"""The usage of tenants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from shared.domain.usage import DayUsage


class UsageStore(Protocol):
    """The usage of tenants, which includes their deleted jobs."""

    def list_days(self, tenant: str, first: date, last: date) -> Sequence[DayUsage]:
        """Return a tenant's usage from day `first` to day `last`, by day and API key, oldest first."""
        ...
