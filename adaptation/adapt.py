"""From labelled sound to a head: cross-validated beside the model as it is, then fitted on all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from adaptation.errors import NotAdaptable
from adaptation.fit_calibration import LeftOutAnswers, calibrate, fit_familiarity
from adaptation.labelled_sound import LabelledSound, Reals, split_by_unit
from adaptation.linear_head import Regularisation, choose_regularisation, fit_head
from evaluation.calibration import measure_calibration
from evaluation.metrics import SAMPLES, SEED, Answers, bootstrap_intervals, confusion_matrix, overall_rates
from evaluation.temperature import best_temperature
from worker.adapters.emotion2vec.calibration import Calibration
from worker.adapters.emotion2vec.head import Head

FOLDS = 5
LEAST_CLIPS = 5
"""Clips of each label, without which nothing can be said of it."""
_LEAST_LABELS = _LEAST_UNITS = 2


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """The figures of a head on clips of units that it was not fitted on: UAR with its 95 % interval, and ECE."""

    uar: float
    low: float
    high: float
    ece: float


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """A new head and how it compares with the model as it is.

    `temperature` is the divisor of its logits. `gain` is the difference in UAR with its 95 % interval. `clips` counts
    them by label, `units` is the number of speakers or recordings that took turns at being left out.
    """

    labels: tuple[str, ...]
    head: Head
    temperature: float
    calibration: Calibration
    regularisation: Regularisation
    old: HeadFigures
    new: HeadFigures
    gain: tuple[float, float, float]
    clips: Mapping[str, int]
    units: int
    shared_labels: tuple[str, ...]

    @property
    def better(self) -> bool:
        """Whether the new head is better than the model as it is, and than guessing, beyond the intervals.

        A model that lacks some of the labels may be worse than guessing.
        """
        return self.gain[1] > 0 and self.new.low > 1 / len(self.labels)


def adapt(sound: LabelledSound, base_labels: tuple[str, ...], source: str) -> Adaptation:
    """Fit a head on labelled sound; `source` is a sentence on it.

    Five folds of units are left out in turn; in each the regularisation is chosen on the other units alone. Raises
    NotAdaptable where there is too little to learn from or to compare.
    """
    _check(sound)
    logits = np.zeros((len(sound), len(sound.labels)))
    for fold in split_by_unit(sound.unit, FOLDS):
        rest, left_out = sound.select(~fold), sound.select(fold)
        head = fit_head(rest, base_labels, choose_regularisation(rest, base_labels))
        logits[fold] = head.logits(left_out.base_logits, left_out.embeddings)
    temperature = best_temperature(logits, sound.label)
    regularisation = choose_regularisation(sound, base_labels)
    familiarity, unfamiliarity = fit_familiarity(sound.embeddings, sound.unit)
    answers = LeftOutAnswers(logits / temperature, sound.label, unfamiliarity, np.ones(len(sound)))
    calibration = calibrate(source, sound.labels, familiarity, answers)
    old, new = answers_of(sound, _old_scores(sound, base_labels)), answers_of(sound, softmax(answers.logits, axis=1))
    return Adaptation(
        sound.labels,
        fit_head(sound, base_labels, regularisation),
        temperature,
        calibration,
        regularisation,
        _figures(old),
        _figures(new),
        gain_in_uar(old, new),
        dict(Counter(sound.labels[label] for label in sound.label.tolist())),
        len(np.unique(sound.unit)),
        tuple(label for label in sound.labels if label in base_labels),
    )


def _check(sound: LabelledSound) -> None:
    if len(sound.labels) < _LEAST_LABELS:
        raise NotAdaptable(f"There is only one label, {sound.labels[0]}: a head tells two or more apart.")
    counts = np.bincount(sound.label, minlength=len(sound.labels))
    rare = [f"{label} ({count})" for label, count in zip(sound.labels, counts, strict=True) if count < LEAST_CLIPS]
    if rare:
        raise NotAdaptable(
            f"Each label needs {LEAST_CLIPS} clips or more; too few are of {', '.join(rare)}. Label more, leave "
            "them out with --only, or say with --map what they mean."
        )
    of_one = [
        label
        for number, label in enumerate(sound.labels)
        if len(np.unique(sound.unit[sound.label == number])) < _LEAST_UNITS
    ]
    if of_one:
        raise NotAdaptable(
            f"Each label needs two speakers or recordings, one to learn from and one to check by; {', '.join(of_one)} "
            "has one."
        )


def _old_scores(sound: LabelledSound, base_labels: tuple[str, ...]) -> Reals:
    """Return the scores [n, labels] of the model as it is, told only the labels that count; 0 for those it lacks."""
    scores = np.zeros((len(sound), len(sound.labels)))
    shared = [number for number, label in enumerate(sound.labels) if label in base_labels]
    if shared:
        columns = [base_labels.index(sound.labels[number]) for number in shared]
        scores[:, shared] = softmax(sound.base_logits[:, columns], axis=1)
    return scores


def answers_of(sound: LabelledSound, scores: Reals) -> Answers:
    """Return the answers of scores [n, labels], the highest of each clip; without any score there is none."""
    answered = np.where(scores.any(axis=1), scores.argmax(axis=1), len(sound.labels))
    return Answers(sound.labels, sound.label, answered, scores.max(axis=1), np.ones(len(sound)), sound.unit)


def _figures(answers: Answers) -> HeadFigures:
    uar = float(overall_rates(confusion_matrix(answers)).uar)
    low, high = bootstrap_intervals(answers)[1]
    return HeadFigures(uar, low, high, measure_calibration(answers).ece)


def gain_in_uar(old: Answers, new: Answers) -> tuple[float, float, float]:
    """Compute the difference of two UARs of the same clips with its 95 % interval, by drawing units anew."""
    units = np.unique(old.unit)
    before, after = (
        np.stack([confusion_matrix(each.select(each.unit == unit)) for unit in units]) for each in (old, new)
    )
    rng, even = np.random.default_rng(SEED), np.full(len(units), 1 / len(units))
    draws = rng.multinomial(len(units), even, size=SAMPLES)
    uar_before, uar_after = (overall_rates(np.tensordot(draws, each, axes=1)).uar for each in (before, after))
    low, high = np.percentile(uar_after - uar_before, [2.5, 97.5])
    whole = overall_rates(after.sum(axis=0)).uar - overall_rates(before.sum(axis=0)).uar
    return float(whole), float(low), float(high)
