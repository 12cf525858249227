"""Ticks of time axes."""

from __future__ import annotations

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)


def tick_step_s(duration_s: float, max_ticks: float) -> int:
    """Return the seconds between ticks, so that an axis of `duration_s` has at most `max_ticks`; six hours at most."""
    return next((step for step in _STEPS_S if duration_s <= step * max_ticks), _STEPS_S[-1])
