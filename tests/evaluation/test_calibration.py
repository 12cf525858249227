from __future__ import annotations

import pytest

from evaluation.calibration import measure_calibration, measure_thresholds
from tests.evaluation.invented_answers import answers

RIGHT, WRONG = ("angry", "angry"), ("angry", "sad")
FOUR = answers([RIGHT, WRONG, RIGHT, RIGHT], confidence=[0.62, 0.68, 0.95, 0.3])


def test_the_ece_computed_by_hand() -> None:
    """Bins: 0.62 and 0.68, half right, 0.65 sure; 0.95 and 0.3, both right. (2 x 0.15 + 0.05 + 0.7) / 4."""
    measured = measure_calibration(FOUR)
    assert measured.ece == pytest.approx((2 * 0.15 + 0.05 + 0.7) / 4)
    assert [(each.low, each.high, each.weight) for each in measured.bins] == [(0.2, 0.3, 1), (0.6, 0.7, 2), (0.9, 1, 1)]
    assert [each.accuracy for each in measured.bins] == [1, 0.5, 1]


@pytest.mark.parametrize(("confidence", "high"), [(0.0, 0.1), (0.1, 0.1), (0.1001, 0.2), (1.0, 1.0)])
def test_a_confidence_on_an_edge_is_in_the_bin_that_ends_there(confidence: float, high: float) -> None:
    [only] = measure_calibration(answers([RIGHT], confidence=[confidence])).bins
    assert only.high == high


def test_weights_count() -> None:
    measured = measure_calibration(answers([RIGHT, WRONG], confidence=[0.8, 0.8], weight=[3, 1]))
    assert measured.bins[0].accuracy == 0.75
    assert measured.ece == pytest.approx(0.05)


def test_a_min_confidence_leaves_fewer_answers() -> None:
    figures = {each.min_confidence: (each.coverage, each.accuracy) for each in measure_thresholds(FOUR)}
    assert figures[0.0] == (1, 0.75)
    assert figures[0.3] == (1, 0.75)  # one that is just as sure stays
    assert figures[0.35] == pytest.approx((0.75, 2 / 3))
    assert figures[0.95] == (0.25, 1)
    assert measure_thresholds(answers([RIGHT], confidence=[0.2]))[-1].accuracy is None
