from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from evaluation.metrics import bootstrap_intervals, confusion_matrix, label_rates, overall_rates
from tests.evaluation.invented_answers import LABELS, answers

FIVE = [("angry", "angry"), ("angry", "happy"), ("angry", "angry"), ("sad", "sad"), ("sad", "angry")]
"""Angry: 2 of 3 found, 2 of 3 answers right. Sad: 1 of 2 found, 1 of 1 right. Happy is answered and never spoken."""


def test_figures_computed_by_hand() -> None:
    counts = confusion_matrix(answers(FIVE))
    assert counts.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    wa, uar, macro_f1 = overall_rates(counts)
    assert wa == pytest.approx(3 / 5)
    assert uar == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    by_label = label_rates(counts)
    assert by_label.precision.tolist() == pytest.approx([2 / 3, 0, 1])
    assert np.isnan(by_label.recall[1])


def test_no_answer_is_wrong_and_in_no_ones_precision() -> None:
    counts = confusion_matrix(answers([("angry", None), ("angry", "angry")]))
    assert counts[0].tolist() == [1, 0, 0, 1]
    assert overall_rates(counts).uar == 0.5
    assert label_rates(counts).precision[0] == 1


def test_a_weight_of_three_is_as_three_clips() -> None:
    weighted = confusion_matrix(answers(FIVE, weight=[3, 1, 1, 2, 1]))
    repeated = confusion_matrix(answers([*FIVE, FIVE[0], FIVE[0], FIVE[3]]))
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
    counts = confusion_matrix(answers(list(zip(spoken, answered, strict=True)), weight=weight))
    assert counts[:, :-1] == pytest.approx(
        metrics.confusion_matrix(spoken, answered, labels=LABELS, sample_weight=weight)
    )
    wa, uar, macro_f1 = overall_rates(counts)
    assert wa == pytest.approx(metrics.accuracy_score(spoken, answered, sample_weight=weight))
    spoken_labels = sorted(set(spoken))
    _, recall, f1, _ = metrics.precision_recall_fscore_support(
        spoken, answered, labels=spoken_labels, average="macro", sample_weight=weight, zero_division=0
    )
    assert uar == pytest.approx(recall)
    assert macro_f1 == pytest.approx(f1)
    if len(spoken_labels) > 1 and set(answered) <= set(spoken_labels):  # of others it warns
        assert uar == pytest.approx(metrics.balanced_accuracy_score(spoken, answered, sample_weight=weight))


def test_intervals_of_answers_that_are_all_alike_have_no_width() -> None:
    assert bootstrap_intervals(answers([("angry", "angry"), ("sad", "sad")])) == [(1, 1)] * 3


def test_an_interval_is_as_wide_as_theory_says_and_the_same_again() -> None:
    labels = [("angry", "angry")] * 60 + [("angry", "sad")] * 40
    low, high = bootstrap_intervals(answers(labels))[0]
    half_width = 1.96 * np.sqrt(0.6 * 0.4 / 100)
    assert [low, high] == pytest.approx([0.6 - half_width, 0.6 + half_width], abs=0.02)
    assert bootstrap_intervals(answers(labels))[0] == (low, high)


def test_intervals_are_drawn_by_unit_not_by_clip() -> None:
    """Two speakers, one always right and one never: any sample of two has 0, 1 or 2 of the first."""
    labels = [("angry", "angry")] * 50 + [("angry", "sad")] * 50
    assert bootstrap_intervals(answers(labels, unit=["a"] * 50 + ["b"] * 50))[0] == (0, 1)


def test_a_label_that_a_sample_lacks_is_not_counted_in_it() -> None:
    low, high = bootstrap_intervals(answers([("angry", "angry"), ("sad", "angry")]))[1]
    assert (low, high) == (0, 1)
