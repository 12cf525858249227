"""Measuring several things side by side on a machine that is now faster and now slower."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""[rounds], what one part gave in each round."""

OnStep = Callable[[str, int, int | None], None]
"""Called with what is done next, how many steps were done, and how many there are if that is known yet."""


def in_turn(parts: Mapping[str, Callable[[], float]], rounds: int, on_step: OnStep) -> dict[str, Values]:
    """What each part gives when all are called once a round, each round beginning with another one.

    Only what was measured in the same round is fit to be compared.
    """
    names = list(parts)
    values: dict[str, list[float]] = {name: [] for name in names}
    for step in range(rounds * len(names)):
        number, place = divmod(step, len(names))
        name = names[(number + place) % len(names)]
        on_step(name, step, rounds * len(names))
        values[name].append(parts[name]())
    return {name: np.array(given) for name, given in values.items()}


def seconds(work: Callable[[], object]) -> float:
    """How long that took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
