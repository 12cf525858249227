"""An oracle that hears the emotions of clips as models do: sure of itself, and now and then wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")

_TAKEN_FOR = {
    "angry": ("disgusted", "neutral", "happy"),
    "disgusted": ("angry", "neutral", "sad"),
    "fearful": ("sad", "surprised", "neutral"),
    "happy": ("surprised", "neutral", "angry"),
    "neutral": ("sad", "happy", "other"),
    "other": ("neutral", "sad", "unknown"),
    "sad": ("neutral", "fearful", "disgusted"),
    "surprised": ("happy", "fearful", "angry"),
    "unknown": ("neutral", "other", "sad"),
}
"""The emotions that each is mistaken for, most often the first: pairs that published confusion matrices have."""


def hear(emotions: Sequence[str], accuracy: float, rng: np.random.Generator) -> list[dict[str, float]]:
    """Return scores of clips: noisy, with most of the score on the emotion that was heard."""
    heard: list[dict[str, float]] = []
    for emotion in emotions:
        right = rng.random() < accuracy
        name = emotion if right else str(rng.choice(_TAKEN_FOR[emotion], p=[0.5, 0.3, 0.2]))
        confidence = 0.4 + 0.6 * rng.beta(4.5, 1.5)
        scores = rng.dirichlet(np.full(len(LABELS), 0.4)) * (1 - confidence)
        scores[LABELS.index(name)] += confidence
        heard.append(dict(zip(LABELS, scores.tolist(), strict=True)))
    return heard
