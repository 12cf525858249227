"""Praat's TextGrid: a tier for each channel, an interval for each segment."""

from __future__ import annotations

from typing import Any

from praatio.utilities.textgrid_io import getTextgridAsStr

from exports.speaker_lines import Tier, tiers
from shared.domain.recording import Recording, to_ms
from shared.domain.timeline import Result


def to_textgrid(recording: Recording, result: Result) -> bytes:
    """As long as the recording; where nothing was analysed, the intervals are empty."""
    found = tiers(recording, result)
    length_s = max(to_ms(recording.duration or 0), *(end for tier in found for _, end, _ in tier.labels), 1) / 1000
    grid = {"xmin": 0, "xmax": length_s, "tiers": [_tier(tier, length_s) for tier in found]}
    text: str = getTextgridAsStr(grid, "long_textgrid", includeBlankSpaces=True)
    return text.encode()


def _tier(tier: Tier, length_s: float) -> dict[str, Any]:
    return {
        "class": "IntervalTier",
        "name": tier.name,
        "xmin": 0,
        "xmax": length_s,
        "entries": [(start / 1000, end / 1000, label) for start, end, label in tier.labels],
    }
