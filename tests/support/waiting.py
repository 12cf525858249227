"""Waiting for a condition that other threads or processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 300.0
"""The limit of every wait in tests: longer than any step takes on a busy machine. pytest ends a test after twice this
time."""

_PAUSE_S = 0.1

_Value = TypeVar("_Value")


def wait_until(
    condition: Callable[[], _Value],
    describe: Callable[[], object] = lambda: "",
    pause: Callable[[float], object] = time.sleep,
) -> _Value:
    """Return the first true value of `condition`, which is called repeatedly with `pause(seconds)` between the calls.

    Raises:
        AssertionError: it was false for PATIENCE_S seconds; the message is the value of `describe`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, describe()
        pause(_PAUSE_S)
    return value
