"""The system clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements `shared.ports.Clock` with the time of this machine, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
