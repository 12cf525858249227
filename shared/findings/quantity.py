"""Words of quantity: one rule for reports, page, terminal and API."""

from __future__ import annotations

from enum import StrEnum

from shared.domain.recording import SAMPLE_RATE

LITTLE_SPEECH = 10 * SAMPLE_RATE
"""Under so much speech nothing is said of its quantity: it is two or three segments."""

_MUCH_SPEECH = 30 * SAMPLE_RATE
_NEARLY_ALL = 0.95
_LIKELY = 0.5


class Quantity(StrEnum):
    """The word for the share of the most frequent emotion of a stretch."""

    THROUGHOUT = "throughout"
    """It has 95 % of at least 30 s of speech, with a mean confidence of at least 50 %."""
    MOSTLY = "mostly"
    """It has more than half of the speech."""
    MIXED = "mixed"
    """It has half or less."""
    LITTLE = "little"
    """There are under 10 s of speech: too little for a word of quantity."""


def quantity(share: float, speech: int, confidence: float) -> Quantity:
    """Return the word for an emotion with this share, 0 to 1, of `speech` samples, and this mean confidence."""
    if speech < LITTLE_SPEECH:
        return Quantity.LITTLE
    if share >= _NEARLY_ALL and speech >= _MUCH_SPEECH and confidence >= _LIKELY:
        return Quantity.THROUGHOUT
    return Quantity.MOSTLY if share > 0.5 else Quantity.MIXED
