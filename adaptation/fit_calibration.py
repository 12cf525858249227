"""Fit a calibration on the answers to clips of speakers that the model or head was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from adaptation.labelled_sound import Integers, Reals, split_by_unit
from worker.adapters.emotion2vec.calibration import Calibration, CalibrationClips, Familiarity, Temperature

FAMILIAR_SHARE = 0.9
"""The share of clips of left-out speakers that are to be familiar: with 0.95 a third of another corpus was too."""
_UNFAMILIARITY = (0.4, 0.6, 0.8, 1.0, 1.2, 1.4)
"""The values between which the temperature is interpolated: nearly all clips of `mini`'s corpora lie between 0.4 and
1.4."""
_MOST_GROWTH = 50.0
"""By how much the temperature may grow from one of these values to the next; from there on scores are even anyway."""
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


def fit_temperature(answers: LeftOutAnswers) -> Temperature:
    """Fit the temperature with the least log loss that never falls where the unfamiliarity grows."""
    each, knots = np.arange(len(answers.label)), len(_UNFAMILIARITY)
    weights = answers.counts / answers.counts.sum()
    nearness = np.stack([np.interp(answers.unfamiliarity, _UNFAMILIARITY, knot) for knot in np.eye(knots)], axis=1)
    growth = np.tril(np.ones((knots, knots)))
    slopes = nearness @ growth

    def loss(steps: Reals) -> tuple[float, Reals]:
        logits = answers.logits / np.exp(slopes @ steps)[:, None]
        log_scores = log_softmax(logits, axis=1)
        surplus = logits[each, answers.label] - (np.exp(log_scores) * logits).sum(axis=1)
        return float(-(weights @ log_scores[each, answers.label])), (weights * surplus) @ slopes

    most = np.log(_MOST_GROWTH)
    bounds = [(-most, most)] + [(0.0, most)] * (knots - 1)
    steps = minimize(loss, np.zeros(knots), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Temperature(_UNFAMILIARITY, tuple(np.exp(growth @ steps).tolist()))


def tempered_scores(logits: Reals, unfamiliarity: Reals, temperature: Temperature) -> Reals:
    """Compute the scores [n, labels] of logits [n, labels]."""
    divisors = temperature.divisors(unfamiliarity.astype(np.float32)).astype(np.float64)
    scores: Reals = softmax(logits / divisors[:, None], axis=1)
    return scores


def nonconformities(scores: Reals, label: Integers, familiar: NDArray[np.bool_]) -> CalibrationClips:
    """Return the calibration clips of scores [n, labels] of clips with the true label [n]."""
    true_scores = scores[np.arange(len(label)), label]
    return CalibrationClips((1 - true_scores).astype(np.float32), label.astype(np.int64), familiar)


def calibrate(source: str, labels: tuple[str, ...], familiarity: Familiarity, answers: LeftOutAnswers) -> Calibration:
    """Make the calibration of a model from the answers to clips of speakers that it was not fitted on."""
    temperature = fit_temperature(answers)
    scores = tempered_scores(answers.logits, answers.unfamiliarity, temperature)
    clips = nonconformities(scores, answers.label, answers.unfamiliarity <= 1)
    return Calibration(source, labels, familiarity, temperature, clips)
