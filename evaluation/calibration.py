"""Calibration: whether the model is right as often as its confidence says, and the effect of a `min_confidence`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.metrics import Answers

BINS = 10
"""Bins of equal width, from 0 to 1; a confidence of 0.3 falls in the one that ends there."""
THRESHOLDS = np.arange(0, 100, 5) / 100
"""The values of `min_confidence` that are measured."""


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Answers with a confidence over `low` up to `high`: their weight, mean confidence, and share of right ones."""

    low: float
    high: float
    weight: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`ece` is the mean distance, over all answers, of their bin's accuracy from its confidence.

    Empty bins are left out.
    """

    ece: float
    bins: tuple[ConfidenceBin, ...]


@dataclass(frozen=True, slots=True)
class ThresholdFigures:
    """The effect of a `min_confidence`: the share of answers that are not `unknown`, and the share of right ones
    among these; None if all are unknown."""

    min_confidence: float
    coverage: float
    accuracy: float | None


def measure_calibration(answers: Answers) -> Calibration:
    """Measure the calibration over bins of confidence."""
    numbers = np.clip(np.ceil(answers.confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins: list[ConfidenceBin] = []
    for number in np.unique(numbers):
        inside = answers.select(numbers == number)
        weight = inside.weight.sum()
        confidence = (inside.weight @ inside.confidence) / weight
        accuracy = (inside.weight @ inside.correct) / weight
        bins.append(
            ConfidenceBin(number / BINS, (number + 1) / BINS, float(weight), float(confidence), float(accuracy))
        )
    distance = sum(each.weight * abs(each.accuracy - each.confidence) for each in bins)
    return Calibration(float(distance / answers.weight.sum()), tuple(bins))


def measure_thresholds(answers: Answers) -> tuple[ThresholdFigures, ...]:
    """Measure the effect of each of `THRESHOLDS` as `min_confidence`."""
    figures: list[ThresholdFigures] = []
    for threshold in THRESHOLDS:
        confident = answers.select(answers.confidence >= threshold)
        weight = confident.weight.sum()
        accuracy = float((confident.weight @ confident.correct) / weight) if weight else None
        figures.append(ThresholdFigures(float(threshold), float(weight / answers.weight.sum()), accuracy))
    return tuple(figures)
