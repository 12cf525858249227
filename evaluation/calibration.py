"""Whether the model is right as often as it says, and what is left when it may answer only where it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.metrics import Answers

BINS = 10
"""Of equal width, from 0 to 1; a confidence of 0.3 falls in the one that ends there."""
THRESHOLDS = np.arange(0, 100, 5) / 100


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with a confidence over `low` up to `high`: their weight, mean confidence, and how many are right."""

    low: float
    high: float
    weight: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`ece` is the mean over all answers of how far their bin's accuracy is from its confidence. Empty bins are not
    listed."""

    ece: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a `min_confidence` leaves: the share of the answers that are not `unknown`, and how many of those are right;
    None where none is left."""

    min_confidence: float
    coverage: float
    accuracy: float | None


def calibration(answers: Answers) -> Calibration:
    numbers = np.clip(np.ceil(answers.confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins = tuple(_bin(number, answers.only(numbers == number)) for number in np.unique(numbers))
    gaps = sum(each.weight * abs(each.accuracy - each.confidence) for each in bins)
    return Calibration(float(gaps / answers.weight.sum()), bins)


def by_min_confidence(answers: Answers) -> tuple[Kept, ...]:
    return tuple(_kept(float(threshold), answers) for threshold in THRESHOLDS)


def _bin(number: int, inside: Answers) -> Bin:
    weight = inside.weight.sum()
    confidence = (inside.weight @ inside.confidence) / weight
    accuracy = (inside.weight @ inside.right) / weight
    return Bin(number / BINS, (number + 1) / BINS, float(weight), float(confidence), float(accuracy))


def _kept(threshold: float, answers: Answers) -> Kept:
    kept = answers.only(answers.confidence >= threshold)
    weight = kept.weight.sum()
    accuracy = float((kept.weight @ kept.right) / weight) if weight else None
    return Kept(threshold, float(weight / answers.weight.sum()), accuracy)
