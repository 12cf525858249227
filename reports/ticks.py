"""Ticks of time axes, with their labels."""

from __future__ import annotations

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)


def tick_step_s(duration_s: float, max_ticks: float) -> int:
    """Return the seconds between ticks, at most six hours, so that `duration_s` has no more than `max_ticks`."""
    return next((step for step in _STEPS_S if duration_s <= step * max_ticks), _STEPS_S[-1])


def tick_label(second: int, *, hours: bool) -> str:
    """Return the label of a tick: hours and minutes, or minutes and seconds."""
    high, low = divmod(second // 60, 60) if hours else divmod(second, 60)
    return f"{high}:{low:02d}"
