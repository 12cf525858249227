"""Fit a calibration on the answers to clips of speakers that the model or head was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from adaptation.labelled_sound import Integers, Reals, split_by_unit
from worker.adapters.emotion2vec.calibration import Calibration, CalibrationClips, Familiarity, Flattening

FAMILIAR_SHARE = 0.9
"""The share of clips of left-out speakers that are to be familiar: with 0.95 a third of another corpus was too."""
_MOST_EXPONENT = 16.0
"""With more, the scores of `mini` would be even a little beyond the limit, also where it is right of a quarter."""
_MOST_QUANTILE = 0.95
_FOLDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class LeftOutAnswers:
    """Answers to clips [n] by models that were not fitted on their unit: logits [n, labels] and true label [n].

    `unfamiliarity` [n] is of a Gaussian without their unit too; `counts` [n] are weights.
    """

    logits: Reals
    label: Integers
    unfamiliarity: Reals
    counts: Reals


def fit_gaussian(embeddings: Reals) -> tuple[Reals, Reals]:
    """Return the mean [dim] and whitening [dim, dim] of embeddings [n, dim], with a shrunk covariance.

    Chen, Wiesel, Eldar & Hero, Shrinkage Algorithms for MMSE Covariance Estimation, 2010 (OAS): there may be fewer
    clips than dimensions.
    """
    count, dim = embeddings.shape
    mean = embeddings.mean(axis=0)
    covariance = np.cov(embeddings, rowvar=False, bias=True)
    trace, squares = np.trace(covariance), (covariance**2).sum()
    numerator = (1 - 2 / dim) * squares + trace**2
    shrinkage = min(1.0, numerator / max((count + 1 - 2 / dim) * (squares - trace**2 / dim), 1e-30))
    variances, directions = np.linalg.eigh((1 - shrinkage) * covariance + shrinkage * trace / dim * np.eye(dim))
    return mean, (directions / np.sqrt(np.maximum(variances, 1e-12))).T


def fit_familiarity(embeddings: Reals, unit: Integers) -> tuple[Familiarity, Reals]:
    """Fit the familiarity of embeddings [n, dim], and return it with the unfamiliarity [n] of units left out in turn.

    The limit is such that `FAMILIAR_SHARE` of the clips of left-out units are familiar.
    """
    distances = np.zeros(len(embeddings))
    for left_out in split_by_unit(unit, _FOLDS):
        mean, whitening = fit_gaussian(embeddings[~left_out])
        distances[left_out] = np.linalg.norm((embeddings[left_out] - mean) @ whitening.T, axis=1)
    limit = float(np.quantile(distances, FAMILIAR_SHARE))
    mean, whitening = fit_gaussian(embeddings)
    return Familiarity(mean.astype(np.float32), whitening.astype(np.float32), limit), distances / limit


def fit_flattening(answers: LeftOutAnswers) -> Flattening:
    """Fit the exponent with the least log loss of unfamiliar clips; 0 where none is unfamiliar."""
    unfamiliar = answers.unfamiliarity > 1
    if not unfamiliar.any():
        return Flattening(0.0, 1.0)
    most = float(np.quantile(answers.unfamiliarity[unfamiliar], _MOST_QUANTILE))
    logits, label = answers.logits[unfamiliar], answers.label[unfamiliar]
    distance = np.clip(answers.unfamiliarity[unfamiliar], 1, most)
    weights = answers.counts[unfamiliar] / answers.counts[unfamiliar].sum()

    def loss(exponent: float) -> float:
        log_scores = log_softmax(logits / distance[:, None] ** exponent, axis=1)
        return float(-(weights @ log_scores[np.arange(len(label)), label]))

    return Flattening(float(minimize_scalar(loss, bounds=(0, _MOST_EXPONENT), method="bounded").x), most)


def flattened_scores(logits: Reals, unfamiliarity: Reals, flattening: Flattening) -> Reals:
    """Compute the scores [n, labels] of logits [n, labels]."""
    divisors = flattening.divisors(unfamiliarity.astype(np.float32)).astype(np.float64)
    scores: Reals = softmax(logits / divisors[:, None], axis=1)
    return scores


def nonconformities(scores: Reals, label: Integers, familiar: NDArray[np.bool_]) -> CalibrationClips:
    """Return the calibration clips of scores [n, labels] of clips with the true label [n]."""
    true_scores = scores[np.arange(len(label)), label]
    return CalibrationClips((1 - true_scores).astype(np.float32), label.astype(np.int64), familiar)


def calibrate(source: str, labels: tuple[str, ...], familiarity: Familiarity, answers: LeftOutAnswers) -> Calibration:
    """Make the calibration of a model from the answers to clips of speakers that it was not fitted on."""
    flattening = fit_flattening(answers)
    scores = flattened_scores(answers.logits, answers.unfamiliarity, flattening)
    clips = nonconformities(scores, answers.label, answers.unfamiliarity <= 1)
    return Calibration(source, labels, familiarity, flattening, clips)
