"""Recall is counted per spoken label and averaged without regard to how often each was spoken."""

import numpy as np

from training.dataset import LABELS
from training.evaluate import confusion_matrix, recalls


def test_confusion_counts_spoken_by_row_and_answered_by_column() -> None:
    confusion = confusion_matrix(np.array([0, 0, 6]), np.array([0, 3, 6]))
    assert confusion[0, 0] == confusion[0, 3] == confusion[6, 6] == 1
    assert confusion.sum() == 3


def test_recall_of_a_label_nobody_spoke_is_not_a_number() -> None:
    recall = recalls(confusion_matrix(np.array([0, 0, 6]), np.array([0, 3, 6])))
    assert recall[0] == 0.5
    assert recall[6] == 1.0
    assert np.isnan(recall[1:6]).all()
    assert len(recall) == len(LABELS)
