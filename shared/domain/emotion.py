"""Emotion labels and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Scores = Mapping[str, float]
"""Probability by emotion; sums to 1."""

UNKNOWN = "unknown"
"""The emotion of a segment that was skipped, or of which the model is not sure enough."""

EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", UNKNOWN)
"""What Emotion2Vec+ tells apart: a person may hear one of them also where the model at hand knows fewer."""


def emotion_name(token: str) -> str:
    """The ASCII name of a line of `tokens.txt`: `生气/angry` is `angry`, `<unk>` is `unknown`."""
    name = token.rsplit("/", 1)[-1].strip()
    return UNKNOWN if name == "<unk>" else name


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which weights gave a result.

    `sha256` covers `model.pt` and `tokens.txt`. `notice` is what a reader of the results must know of this model, for
    example that it is only the small one for demonstrations. `precision` is the number format of its matrix products,
    `fp32`, `bf16` or `fp16`: scores in the shorter ones differ by up to a few hundredths.
    """

    id: str
    revision: str | None
    sha256: str
    labels: tuple[str, ...]
    notice: str | None = None
    precision: str = "fp32"
