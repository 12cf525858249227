"""Rates of right answers, from weights by spoken and answered label. Labels are numbers, from 0 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SAMPLES = 1000
"""Samples drawn for an interval; more would not change its first two digits."""
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Spoken and answered labels [n], as numbers of `labels`; no answer is `len(labels)`, with confidence 0.

    `weight` is 1 for each clip, or the seconds of an overlap with a timeline. `unit` numbers the units from which
    intervals are drawn: answers of one unit resemble each other.
    """

    labels: tuple[str, ...]
    spoken: Integers
    answered: Integers
    confidence: Floats
    weight: Floats
    unit: Integers

    @property
    def correct(self) -> NDArray[np.bool_]:
        """True for each answer that is the spoken label [n]."""
        return np.equal(self.spoken, self.answered)

    def select(self, mask: NDArray[np.bool_]) -> Answers:
        """Return the answers for which `mask` [n] is true."""
        return Answers(
            self.labels,
            self.spoken[mask],
            self.answered[mask],
            self.confidence[mask],
            self.weight[mask],
            self.unit[mask],
        )


class Rates(NamedTuple):
    """Accuracy over all (WA), and mean recall (UAR) and mean F1 of the labels that were spoken; each [...]."""

    wa: Floats
    uar: Floats
    macro_f1: Floats


class LabelRates(NamedTuple):
    """By label [..., labels]; NaN is the recall of a label never spoken, and the precision of one never answered."""

    recall: Floats
    precision: Floats
    f1: Floats


def confusion_matrix(answers: Answers) -> Floats:
    """Sum weights by spoken (row) and answered label (column) [labels, labels + 1]; the last column is no answer."""
    matrix: Floats = _confusion_matrices(answers, np.zeros(len(answers.unit), np.int64), 1)[0]
    return matrix


def label_rates(confusion: Floats) -> LabelRates:
    """Compute the rates of each label from confusion matrices [..., labels, labels + 1]."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    spoken, answered = confusion.sum(axis=-1), confusion.sum(axis=-2)[..., :-1]
    with np.errstate(invalid="ignore"):
        return LabelRates(right / spoken, right / answered, 2 * right / (spoken + answered))


def overall_rates(confusion: Floats) -> Rates:
    """Compute the rates over all labels from confusion matrices [..., labels, labels + 1], none of them all zero."""
    by_label = label_rates(confusion)
    spoken = confusion.sum(axis=-1) > 0
    wa = np.diagonal(confusion, axis1=-2, axis2=-1).sum(axis=-1) / confusion.sum(axis=(-2, -1))
    uar, macro_f1 = (np.mean(rate, axis=-1, where=spoken) for rate in (by_label.recall, by_label.f1))
    return Rates(wa, uar, macro_f1)


def bootstrap_intervals(answers: Answers) -> Sequence[tuple[float, float]]:
    """Compute 95 % intervals of each of `Rates`, by drawing units with replacement, as many as there are."""
    names, unit = np.unique(answers.unit, return_inverse=True)
    matrices = _confusion_matrices(answers, unit, len(names))
    rng, even = np.random.default_rng(SEED), np.full(len(names), 1 / len(names))
    samples = [np.tensordot(rng.multinomial(len(names), even), matrices, axes=1) for _ in range(SAMPLES)]
    bounds = np.percentile(overall_rates(np.stack(samples)), [2.5, 97.5], axis=1)
    return [(float(low), float(high)) for low, high in bounds.T]


def _confusion_matrices(answers: Answers, unit: NDArray[np.intp], units: int) -> Floats:
    """The confusion matrix of each unit [units, labels, labels + 1]."""
    matrices = np.zeros((units, len(answers.labels), len(answers.labels) + 1))
    np.add.at(matrices, (unit, answers.spoken, answers.answered), answers.weight)
    return matrices
