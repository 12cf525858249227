"""The recordings of a day: when they arrive and how long they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_S = 86_400.0
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 12, 16, 17, 16, 13, 15, 17, 16, 14, 11, 8, 6, 5, 4, 3, 2)
"""Weights of the hours of a day: an office's telephone, with one time zone."""
_BURSTS = 10
_SHARE_IN_BURSTS = 0.1
"""Share of the jobs that come in bursts at any time of the day, each within a minute: folders that are sent at once."""
_BURST_S = 60.0


@dataclass(frozen=True, slots=True)
class Kind:
    """Recordings of a kind: lengths in hours are lognormal about `median`, but no longer than `longest`."""

    share: float
    median: float
    sigma: float
    longest: float


KINDS = (Kind(0.80, 5 / 60, 0.8, 1), Kind(0.19, 0.75, 0.5, 4), Kind(0.01, 16, 0.4, 24))
"""Calls, meetings, and recordings of a day, by their share of the jobs."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Jobs in the order of their arrival: times in seconds of the day [n], lengths in hours [n]."""

    times: Floats
    hours: Floats

    def busiest_hour(self) -> tuple[float, float]:
        """Return the jobs and the audio hours of the hour in which most audio arrives."""
        jobs, edges = np.histogram(self.times, bins=24, range=(0, DAY_S))
        hours, _ = np.histogram(self.times, bins=edges, weights=self.hours)
        busiest = int(hours.argmax())
        return float(jobs[busiest]), float(hours[busiest])


def arrivals_of_a_day(audio_hours: float, seed: int) -> Arrivals:
    """Draw the jobs of a day with about `audio_hours` in all."""
    random = np.random.default_rng(seed)
    sample = _lengths(random, 100_000)
    number = max(1, round(audio_hours / sample.mean()))
    in_bursts = round(number * _SHARE_IN_BURSTS)
    weights = np.array(_HOURS) / sum(_HOURS)
    hour = random.choice(24, number - in_bursts, p=weights)
    spread = (hour + random.random(len(hour))) * 3600
    starts = random.uniform(0, DAY_S - _BURST_S, _BURSTS)
    bursts = random.choice(starts, in_bursts) + random.uniform(0, _BURST_S, in_bursts)
    return Arrivals(np.sort(np.concatenate([spread, bursts])), _lengths(random, number))


def _lengths(random: np.random.Generator, number: int) -> Floats:
    kinds = random.choice(len(KINDS), number, p=[kind.share for kind in KINDS])
    medians, sigmas, longest = (
        np.array([getattr(kind, name) for kind in KINDS])[kinds] for name in ("median", "sigma", "longest")
    )
    lengths: Floats = np.minimum(medians * random.lognormal(0, 1, number) ** sigmas, longest)
    return lengths
