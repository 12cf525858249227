"""An oracle that hears the emotions of clips as models do: sure of itself, and now and then wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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

_SHARES = (0.5, 0.3, 0.2)


def confusions(accuracy: float) -> NDArray[np.float64]:
    """Return how often each emotion [true, heard] is heard for each."""
    shares = accuracy * np.eye(len(LABELS))
    for emotion, names in _TAKEN_FOR.items():
        for name, share in zip(names, _SHARES, strict=True):
            shares[LABELS.index(emotion), LABELS.index(name)] = (1 - accuracy) * share
    return shares


def hear(emotions: Sequence[str], accuracy: float, rng: np.random.Generator) -> list[dict[str, float]]:
    """Return scores of clips: noisy, with most of the score on the emotion that was heard."""
    heard: list[dict[str, float]] = []
    for emotion in emotions:
        right = rng.random() < accuracy
        name = emotion if right else str(rng.choice(_TAKEN_FOR[emotion], p=_SHARES))
        confidence = 0.4 + 0.6 * rng.beta(4.5, 1.5)
        scores = rng.dirichlet(np.full(len(LABELS), 0.4)) * (1 - confidence)
        scores[LABELS.index(name)] += confidence
        heard.append(dict(zip(LABELS, scores.tolist(), strict=True)))
    return heard
