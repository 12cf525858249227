"""Answers that are made up, so that their figures can be told by hand."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.figures import Pair, answers
from evaluation.metrics import Answers

LABELS = ("angry", "happy", "sad")


def pairs(
    said: Sequence[tuple[str, str | None]],
    confidence: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
    unit: Sequence[str] | None = None,
) -> list[Pair]:
    """Of what was spoken and answered; without more each weighs 1, has a confidence of 0.5 and is a unit of its own."""
    n = len(said)
    rows = zip(said, confidence or [0.5] * n, weight or [1.0] * n, unit or map(str, range(n)), strict=False)
    return [Pair(spoken, answered, sure, weighs, own) for (spoken, answered), sure, weighs, own in rows]


def made(
    said: Sequence[tuple[str, str | None]],
    confidence: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
    unit: Sequence[str] | None = None,
) -> Answers:
    return answers(pairs(said, confidence, weight, unit), LABELS)
