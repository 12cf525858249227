"""By how much a model should be less sure, or surer, than it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LEAST, _MOST = 0.01, 20.0


def best_temperature(logits: NDArray[np.float64], spoken: NDArray[np.int_]) -> float:
    """The temperature, of 0.01 to 20, by which logits [clips, labels] must be divided for their softmax to have the
    least log loss against the numbers of the spoken labels [clips].

    It changes no answer. Guo et al., On Calibration of Modern Neural Networks, 2017.
    """

    def loss(logarithm: float) -> float:
        scores = log_softmax(logits / np.exp(logarithm), axis=1)
        return float(-scores[np.arange(len(spoken)), spoken].mean())

    found = minimize_scalar(loss, bounds=(np.log(_LEAST), np.log(_MOST)), method="bounded")
    return float(np.exp(found.x))
