"""Emotion labels and scores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.suggestions import suggestion

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


def unknown_emotion(names: Iterable[str], known: Collection[str]) -> str | None:
    """Return a clause on the first name that is not known, with the nearest that is; None if all are known."""
    for name in names:
        if name not in known:
            return f"no model here knows `{name}`; {suggestion(name, known)}"
    return None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The weights behind a result.

    `sha256` covers `model.pt` and `tokens.txt`. `notice` is shown to readers of the results, for example that the model
    is only a small one for demonstrations. `precision` is the number format of its matrix products, `fp32`, `bf16` or
    `fp16`: scores in the shorter ones differ by up to a few hundredths. `calibration` names the data that the model was
    calibrated on, None if it was not.
    """

    id: str
    revision: str | None
    sha256: str
    labels: tuple[str, ...]
    notice: str | None = None
    precision: str = "fp32"
    calibration: str | None = None


@dataclass(frozen=True, slots=True)
class RunModel:
    """A model that workers have run, and the times of its first and last use, to within a minute."""

    info: ModelInfo
    first_run_at: datetime
    last_run_at: datetime
