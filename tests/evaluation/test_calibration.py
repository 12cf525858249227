from __future__ import annotations

import pytest

from evaluation.calibration import by_min_confidence, calibration
from tests.evaluation.made import made

RIGHT, WRONG = ("angry", "angry"), ("angry", "sad")
FOUR = made([RIGHT, WRONG, RIGHT, RIGHT], confidence=[0.62, 0.68, 0.95, 0.3])


def test_the_ece_told_by_hand() -> None:
    """Bins: 0.62 and 0.68, half right, 0.65 sure; 0.95 and 0.3, both right. (2 x 0.15 + 0.05 + 0.7) / 4."""
    found = calibration(FOUR)
    assert found.ece == pytest.approx((2 * 0.15 + 0.05 + 0.7) / 4)
    assert [(each.low, each.high, each.weight) for each in found.bins] == [(0.2, 0.3, 1), (0.6, 0.7, 2), (0.9, 1, 1)]
    assert [each.accuracy for each in found.bins] == [1, 0.5, 1]


@pytest.mark.parametrize(("confidence", "high"), [(0.0, 0.1), (0.1, 0.1), (0.1001, 0.2), (1.0, 1.0)])
def test_a_confidence_on_an_edge_is_in_the_bin_that_ends_there(confidence: float, high: float) -> None:
    [only] = calibration(made([RIGHT], confidence=[confidence])).bins
    assert only.high == high


def test_weights_count() -> None:
    found = calibration(made([RIGHT, WRONG], confidence=[0.8, 0.8], weight=[3, 1]))
    assert found.bins[0].accuracy == 0.75
    assert found.ece == pytest.approx(0.05)


def test_what_a_min_confidence_leaves() -> None:
    kept = {each.min_confidence: (each.coverage, each.accuracy) for each in by_min_confidence(FOUR)}
    assert kept[0.0] == (1, 0.75)
    assert kept[0.3] == (1, 0.75)  # one that is just as sure stays
    assert kept[0.35] == pytest.approx((0.75, 2 / 3))
    assert kept[0.95] == (0.25, 1)
    assert by_min_confidence(made([RIGHT], confidence=[0.2]))[-1].accuracy is None
