"""Measurements in rounds, so that they can be compared on a machine whose speed varies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""One measured value for each round, [rounds]."""

OnStep = Callable[[str, int, int | None], None]
"""Called with the name of the next step, the number of finished steps, and the number of all, None if not yet known."""


def in_turn(parts: Mapping[str, Callable[[], float]], rounds: int, on_step: OnStep) -> dict[str, Values]:
    """Call every part once in each round, each round beginning with another one, and return their values.

    Only values of the same round are comparable.
    """
    names = list(parts)
    values: dict[str, list[float]] = {name: [] for name in names}
    for step in range(rounds * len(names)):
        number, place = divmod(step, len(names))
        name = names[(number + place) % len(names)]
        on_step(name, step, rounds * len(names))
        values[name].append(parts[name]())
    return {name: np.array(measured) for name, measured in values.items()}


def seconds(work: Callable[[], object]) -> float:
    """Call `work` and return the seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
