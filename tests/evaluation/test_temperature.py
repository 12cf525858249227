from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from evaluation.temperature import best_temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_the_labels_were_drawn_with_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(20_000, 4))
    spoken = np.array([rng.choice(4, p=scores) for scores in softmax(logits / temperature, axis=1)])
    assert best_temperature(logits, spoken) == pytest.approx(temperature, rel=0.05)


def test_answers_that_are_all_right_may_be_as_sure_as_can_be() -> None:
    assert 0.01 <= best_temperature(np.eye(3), np.arange(3)) < 0.05
