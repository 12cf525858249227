"""Emotion labels and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Scores = Mapping[str, float]
"""Probability by emotion; sums to 1."""

UNKNOWN = "unknown"
"""The emotion of a skipped segment, or of one whose confidence is too low."""

EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", UNKNOWN)
"""All emotions of Emotion2Vec+. A person may choose each of them, also where a model has fewer."""

NOT_EMOTIONS = frozenset({"other", UNKNOWN})
"""Labels that name no emotion: nothing is said of what makes them more frequent or follows them."""


def emotion_name(token: str) -> str:
    """Return the ASCII name in a line of `tokens.txt`: `生气/angry` is `angry`, `<unk>` is `unknown`."""
    name = token.rsplit("/", 1)[-1].strip()
    return UNKNOWN if name == "<unk>" else name


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The weights behind a result.

    `sha256` covers `model.pt` and `tokens.txt`. `notice` is shown to readers of the results, for example that the model
    is only a small one for demonstrations. `precision` is the number format of its matrix products, `fp32`, `bf16` or
    `fp16`: scores in the shorter ones differ by up to a few hundredths.
    """

    id: str
    revision: str | None
    sha256: str
    labels: tuple[str, ...]
    notice: str | None = None
    precision: str = "fp32"


@dataclass(frozen=True, slots=True)
class RunModel:
    """A model that workers have run, and the times of its first and last use, to within a minute."""

    info: ModelInfo
    first_run_at: datetime
    last_run_at: datetime
