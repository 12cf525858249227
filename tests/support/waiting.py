"""Waiting for a condition that other threads or processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 300.0
"""Longer than any step takes on a machine that other work keeps busy. pytest ends a test after twice this time."""

_LOOK_EVERY_S = 0.03

_Value = TypeVar("_Value")


def wait_until(condition: Callable[[], _Value], describe: Callable[[], object] = lambda: "") -> _Value:
    """Return the first true value of `condition`, which is called again and again.

    Raises:
        AssertionError: it was false for PATIENCE_S; `describe` says in which state things were.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, describe()
        time.sleep(_LOOK_EVERY_S)
    return value
