"""Invented answers, whose figures can be computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.figures import LabelPair, answers_from_pairs
from evaluation.metrics import Answers

LABELS = ("angry", "happy", "sad")


def pairs(
    labels: Sequence[tuple[str, str | None]],
    confidence: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
    unit: Sequence[str] | None = None,
) -> list[LabelPair]:
    """Build pairs of spoken and answered labels; by default with weight 1, confidence 0.5 and a unit each."""
    n = len(labels)
    rows = zip(labels, confidence or [0.5] * n, weight or [1.0] * n, unit or map(str, range(n)), strict=False)
    return [LabelPair(spoken, answered, sure, heavy, name) for (spoken, answered), sure, heavy, name in rows]


def answers(
    labels: Sequence[tuple[str, str | None]],
    confidence: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
    unit: Sequence[str] | None = None,
) -> Answers:
    return answers_from_pairs(pairs(labels, confidence, weight, unit), LABELS)
