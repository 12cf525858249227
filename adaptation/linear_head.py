"""Multinomial logistic regression of labels on embeddings, started from the outputs that the model has already.

SciPy's L-BFGS minimises the loss: scikit-learn would bring 40 MB to do the same without a start of its own, and torch
is for the model's process only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from adaptation.labelled_sound import LabelledSound, Reals, split_by_unit
from worker.adapters.emotion2vec.head import Head

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1)
"""Weights of the penalty on the square sum, strongest first, against the mean loss of a clip, for embeddings with a
variance of 1."""
MIXES = (0.0, 0.5)
"""Factors on the model's own outputs, which the regression starts from: 0 forgets them."""
INNER_FOLDS = 4
_MOST_STEPS = 100
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True)
class Regularisation:
    """The penalty and the part of the model's own outputs."""

    strength: float
    mix: float


def fit_head(sound: LabelledSound, base_labels: tuple[str, ...], regularisation: Regularisation) -> Head:
    """Fit a head for the labels of `sound`, each counting alike however many clips it has.

    The penalty is on what changes the model's own outputs, so that a few clips change little.
    """
    mean, deviation = sound.embeddings.mean(axis=0), sound.embeddings.std(axis=0)
    kept = deviation > _LEAST_DEVIATION
    scale = np.where(kept, 1 / np.maximum(deviation, _LEAST_DEVIATION), 0.0)
    inputs = np.c_[(sound.embeddings - mean) * scale, np.ones(len(sound))]
    mix = start(sound.labels, base_labels, regularisation.mix)
    offset = sound.base_logits @ mix.T
    weights = clip_weights(sound)
    spoken = np.eye(len(sound.labels))[sound.label]

    def loss(flat: Reals) -> tuple[float, Reals]:
        matrix = flat.reshape(len(sound.labels), -1)
        log_scores = log_softmax(offset + inputs @ matrix.T, axis=1)
        gradient = (weights[:, None] * (np.exp(log_scores) - spoken)).T @ inputs + regularisation.strength * matrix
        value = -(weights @ (log_scores * spoken).sum(axis=1)) + regularisation.strength / 2 * (matrix**2).sum()
        return float(value), gradient.ravel()

    fitted = minimize(
        loss,
        np.zeros(len(sound.labels) * inputs.shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MOST_STEPS},
    )
    matrix = fitted.x.reshape(len(sound.labels), -1)
    weight = matrix[:, :-1] * scale
    return Head(mix, weight, matrix[:, -1] - weight @ mean)


def start(labels: tuple[str, ...], base_labels: tuple[str, ...], factor: float) -> Reals:
    """Return the matrix [labels, base labels] that takes the model's own output for labels that it has."""
    return np.array([[factor * (label == base) for base in base_labels] for label in labels], np.float64)


def clip_weights(sound: LabelledSound) -> Reals:
    """Compute weights [n] that sum to 1, in which each label that is there counts alike."""
    counts = np.bincount(sound.label, minlength=len(sound.labels))
    return np.asarray(1 / (counts[sound.label] * np.count_nonzero(counts)))


def choose_regularisation(sound: LabelledSound, base_labels: tuple[str, ...]) -> Regularisation:
    """Choose the regularisation with the least loss on units left out in turn, each label counting alike.

    Of equal ones the strongest penalty is taken.
    """
    folds = split_by_unit(sound.unit, INNER_FOLDS)
    known = any(label in base_labels for label in sound.labels)
    choices = [Regularisation(strength, mix) for strength in STRENGTHS for mix in (MIXES if known else MIXES[:1])]
    losses = [left_out_loss(sound, base_labels, choice, folds) for choice in choices]
    return choices[int(np.argmin(losses))]


def left_out_loss(
    sound: LabelledSound, base_labels: tuple[str, ...], choice: Regularisation, folds: list[NDArray[np.bool_]]
) -> float:
    """Compute the mean log loss of clips by heads that were fitted without their fold, each label counting alike."""
    logits = np.zeros((len(sound), len(sound.labels)))
    for fold in folds:
        head = fit_head(sound.select(~fold), base_labels, choice)
        left_out = sound.select(fold)
        logits[fold] = head.logits(left_out.base_logits, left_out.embeddings)
    log_scores = log_softmax(logits, axis=1)
    return float(-(clip_weights(sound) @ log_scores[np.arange(len(sound)), sound.label]))
