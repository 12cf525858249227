"""How often the answers are right, from counts by spoken and answered label. Labels are numbers, from 0 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SAMPLES = 1000
"""Drawn for an interval; more would not change its first two digits."""
SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What was spoken and answered [n], as numbers of `labels`; no answer is `len(labels)`, with confidence 0.

    `weight` is 1 for each clip, or the seconds of a stretch of a timeline. `unit` numbers what the intervals are drawn
    from: answers are like others of their unit.
    """

    labels: tuple[str, ...]
    spoken: Integers
    answered: Integers
    confidence: Floats
    weight: Floats
    unit: Integers

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.equal(self.spoken, self.answered)

    def only(self, chosen: NDArray[np.bool_]) -> Answers:
        """Those of the answers."""
        return Answers(
            self.labels,
            self.spoken[chosen],
            self.answered[chosen],
            self.confidence[chosen],
            self.weight[chosen],
            self.unit[chosen],
        )


class Rates(NamedTuple):
    """Accuracy over all (WA), mean recall of the labels that were spoken (UAR), and mean F1 of the same; each [...]."""

    wa: Floats
    uar: Floats
    macro_f1: Floats


class LabelRates(NamedTuple):
    """By label [..., labels]; NaN is the recall of a label never spoken, and the precision of one never answered."""

    recall: Floats
    precision: Floats
    f1: Floats


def confusion(answers: Answers) -> Floats:
    """Weights by spoken (row) and answered label (column) [labels, labels + 1]; the last column is no answer."""
    found: Floats = _confusions(answers, np.zeros(len(answers.unit), np.int64), 1)[0]
    return found


def label_rates(confusion: Floats) -> LabelRates:
    """Of confusions [..., labels, labels + 1]."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    spoken, answered = confusion.sum(axis=-1), confusion.sum(axis=-2)[..., :-1]
    with np.errstate(invalid="ignore"):
        return LabelRates(right / spoken, right / answered, 2 * right / (spoken + answered))


def rates(confusion: Floats) -> Rates:
    """Of confusions [..., labels, labels + 1] in each of which something was spoken."""
    by_label = label_rates(confusion)
    spoken = confusion.sum(axis=-1) > 0
    wa = np.diagonal(confusion, axis1=-2, axis2=-1).sum(axis=-1) / confusion.sum(axis=(-2, -1))
    uar, macro_f1 = (np.mean(rate, axis=-1, where=spoken) for rate in (by_label.recall, by_label.f1))
    return Rates(wa, uar, macro_f1)


def intervals(answers: Answers) -> Sequence[tuple[float, float]]:
    """95 % of what each of `Rates` is where units are drawn anew, with replacement, as many as there are."""
    names, unit = np.unique(answers.unit, return_inverse=True)
    parts = _confusions(answers, unit, len(names))
    rng, even = np.random.default_rng(SEED), np.full(len(names), 1 / len(names))
    samples = [np.tensordot(rng.multinomial(len(names), even), parts, axes=1) for _ in range(SAMPLES)]
    bounds = np.percentile(rates(np.stack(samples)), [2.5, 97.5], axis=1)
    return [(float(low), float(high)) for low, high in bounds.T]


def _confusions(answers: Answers, unit: NDArray[np.intp], units: int) -> Floats:
    """Of each unit by itself."""
    found = np.zeros((units, len(answers.labels), len(answers.labels) + 1))
    np.add.at(found, (unit, answers.spoken, answers.answered), answers.weight)
    return found
