"""Sets of emotions: whether they hold the true one as often as they promise, and how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shared.domain.segment import emotion_set

if TYPE_CHECKING:
    from evaluation.figures import LabelPair

PROBABILITIES = (0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class SetFigures:
    """The sets for a promised probability: the shares of clips whose set holds the true label, in all, of the label
    that fares worst, and as the mean of all labels; and the mean number of emotions in a set."""

    probability: float
    coverage: float
    worst_label: float
    mean_of_labels: float
    mean_size: float


@dataclass(frozen=True, slots=True)
class CalibratedFigures:
    """The figures of a calibrated model: its sets, and the share of clips that it calls unfamiliar."""

    sets: tuple[SetFigures, ...]
    unfamiliar: float


def measure_sets(pairs: Sequence[LabelPair]) -> CalibratedFigures | None:
    """Measure the sets of clips; None unless each clip has p-values."""
    if not pairs or any(pair.p_values is None for pair in pairs):
        return None
    unfamiliar = float(np.mean([(pair.unfamiliarity or 0) > 1 for pair in pairs]))
    return CalibratedFigures(tuple(_figures(pairs, probability) for probability in PROBABILITIES), unfamiliar)


def _figures(pairs: Sequence[LabelPair], probability: float) -> SetFigures:
    sets = [emotion_set(pair.scores or {}, pair.p_values or {}, probability) for pair in pairs]
    holds = np.array([pair.spoken in each for pair, each in zip(pairs, sets, strict=True)])
    spoken = np.array([pair.spoken for pair in pairs])
    by_label = [holds[spoken == label].mean() for label in np.unique(spoken)]
    return SetFigures(
        probability,
        float(holds.mean()),
        float(min(by_label)),
        float(np.mean(by_label)),
        float(np.mean([len(each) for each in sets])),
    )
