"""The times that are named under a picture."""

from __future__ import annotations

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600)


def step_s(seconds: float, most: float) -> int:
    """Seconds from one to the next, so that of so many seconds there are `most` of them, or fewer."""
    return next((step for step in _STEPS_S if seconds <= step * most), _STEPS_S[-1])
