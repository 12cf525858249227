"""Time for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ManualClock:
    """`shared.ports.Clock` that stands still until it is told to move, so that leases run out without waiting."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
