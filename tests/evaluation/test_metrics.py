from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, precision_recall_fscore_support

from evaluation.metrics import confusion, intervals, label_rates, rates
from tests.evaluation.made import LABELS, made

FIVE = [("angry", "angry"), ("angry", "happy"), ("angry", "angry"), ("sad", "sad"), ("sad", "angry")]
"""Angry: 2 of 3 found, 2 of 3 answers right. Sad: 1 of 2 found, 1 of 1 right. Happy is answered and never spoken."""


def test_figures_told_by_hand() -> None:
    counts = confusion(made(FIVE))
    assert counts.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    wa, uar, macro_f1 = rates(counts)
    assert wa == pytest.approx(3 / 5)
    assert uar == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    by_label = label_rates(counts)
    assert by_label.precision.tolist() == pytest.approx([2 / 3, 0, 1])
    assert np.isnan(by_label.recall[1])


def test_no_answer_is_wrong_and_in_no_ones_precision() -> None:
    counts = confusion(made([("angry", None), ("angry", "angry")]))
    assert counts[0].tolist() == [1, 0, 0, 1]
    assert rates(counts).uar == 0.5
    assert label_rates(counts).precision[0] == 1


def test_a_weight_of_three_is_as_three_clips() -> None:
    weighted = confusion(made(FIVE, weight=[3, 1, 1, 2, 1]))
    repeated = confusion(made([*FIVE, FIVE[0], FIVE[0], FIVE[3]]))
    assert weighted.tolist() == repeated.tolist()


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.floats(0.1, 10, allow_subnormal=False)),
        min_size=1,
        max_size=40,
    )
)
def test_figures_are_those_of_scikit_learn(rows: list[tuple[str, str, float]]) -> None:
    spoken, answered, weight = (list(column) for column in zip(*rows, strict=True))
    counts = confusion(made(list(zip(spoken, answered, strict=True)), weight=weight))
    assert counts[:, :-1] == pytest.approx(confusion_matrix(spoken, answered, labels=LABELS, sample_weight=weight))
    wa, uar, macro_f1 = rates(counts)
    assert wa == pytest.approx(accuracy_score(spoken, answered, sample_weight=weight))
    heard = sorted(set(spoken))
    _, recall, f1, _ = precision_recall_fscore_support(
        spoken, answered, labels=heard, average="macro", sample_weight=weight, zero_division=0
    )
    assert uar == pytest.approx(recall)
    assert macro_f1 == pytest.approx(f1)
    if len(heard) > 1 and set(answered) <= set(heard):  # of others it warns
        assert uar == pytest.approx(balanced_accuracy_score(spoken, answered, sample_weight=weight))


def test_intervals_of_answers_that_are_all_alike_have_no_width() -> None:
    assert intervals(made([("angry", "angry"), ("sad", "sad")])) == [(1, 1)] * 3


def test_an_interval_is_as_wide_as_theory_says_and_the_same_again() -> None:
    said = [("angry", "angry")] * 60 + [("angry", "sad")] * 40
    low, high = intervals(made(said))[0]
    wanted = 1.96 * np.sqrt(0.6 * 0.4 / 100)
    assert [low, high] == pytest.approx([0.6 - wanted, 0.6 + wanted], abs=0.02)
    assert intervals(made(said))[0] == (low, high)


def test_intervals_are_drawn_by_unit_not_by_clip() -> None:
    """Two speakers, one always right and one never: any sample of two has 0, 1 or 2 of the first."""
    said = [("angry", "angry")] * 50 + [("angry", "sad")] * 50
    assert intervals(made(said, unit=["a"] * 50 + ["b"] * 50))[0] == (0, 1)


def test_a_label_that_a_sample_lacks_is_not_counted_in_it() -> None:
    low, high = intervals(made([("angry", "angry"), ("sad", "angry")]))[1]
    assert (low, high) == (0, 1)
