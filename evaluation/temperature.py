"""The temperature that makes a model's confidence fit the labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_MIN_TEMPERATURE, _MAX_TEMPERATURE = 0.01, 20.0


def best_temperature(logits: NDArray[np.float64], spoken: NDArray[np.int_]) -> float:
    """Return the temperature, from 0.01 to 20, by which logits [clips, labels] must be divided for their softmax to
    have the least log loss against the numbers of the spoken labels [clips].

    It changes no answer. Guo et al., On Calibration of Modern Neural Networks, 2017.
    """

    def loss(log_temperature: float) -> float:
        scores = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scores[np.arange(len(spoken)), spoken].mean())

    bounds = (np.log(_MIN_TEMPERATURE), np.log(_MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
