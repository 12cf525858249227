from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """`shared.ports.Clock` of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)
