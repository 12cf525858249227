"""Valence and arousal, derived from the scores of emotions and published ratings of their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shared.findings.channel_segments import Reals

SOURCE = "Warriner, Kuperman & Brysbaert (2013), Behavior Research Methods 45, 1191-1207, doi:10.3758/s13428-012-0314-x"

_RATINGS = {
    "angry": (2.53, 6.20),
    "disgusted": (2.68, 4.89),
    "fearful": (2.66, 5.45),
    "happy": (8.47, 6.05),
    "neutral": (5.50, 3.45),
    "sad": (2.10, 3.49),
    "surprised": (6.57, 5.95),
}
"""Mean ratings of the words by readers of English, valence and arousal from 1 to 9, as `SOURCE` publishes them."""


class Affect(NamedTuple):
    """Valence and arousal, -1 to 1."""

    valence: float
    arousal: float


COORDINATES: Mapping[str, Affect] = {
    emotion: Affect(round((valence - 5) / 4, 4), round((arousal - 5) / 4, 4))
    for emotion, (valence, arousal) in _RATINGS.items()
}
"""The coordinates of each emotion that has any: its ratings, moved from 1..9 to -1..1."""


def derive_affect(scores: Reals, labels: Sequence[str], samples: Reals) -> tuple[Reals, Reals]:
    """Return valence and arousal [n, 2] of scores [n, labels], and their standard errors [n, 2].

    They are expectations under the scores. Labels without coordinates are left out, and the scores of the others are
    taken as if they were all. An error is that of the mean of `samples` [n] labels that are drawn from the scores; what
    is drawn without coordinates tells nothing. Where no label with coordinates has a score, all four are NaN.
    """
    located = [column for column, label in enumerate(labels) if label in COORDINATES]
    coordinates = np.array([COORDINATES[labels[column]] for column in located], np.float64).reshape(-1, 2)
    mass = scores[:, located].sum(axis=1)
    mass[mass <= 0] = np.nan
    weights = scores[:, located] / mass[:, None]
    means = np.where(np.isnan(mass)[:, None], np.nan, weights @ coordinates)
    variances = np.maximum(weights @ coordinates**2 - means**2, 0)
    errors: Reals = np.sqrt(variances / (samples * mass)[:, None])
    return means, errors
