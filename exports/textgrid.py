"""Praat's TextGrid: a tier for each channel, an interval for each segment."""

from __future__ import annotations

from praatio.utilities.textgrid_io import getTextgridAsStr

from exports.speaker_lines import speaker_tiers
from shared.domain.recording import Recording, to_ms
from shared.domain.timeline import Result


def to_textgrid(recording: Recording, result: Result) -> bytes:
    """Write a result as a long TextGrid in UTF-8, as long as the recording, with empty intervals between segments."""
    tiers = speaker_tiers(recording, result)
    length_s = max(to_ms(recording.duration or 0), *(end for tier in tiers for _, end, _ in tier.labels), 1) / 1000
    grid = {
        "xmin": 0,
        "xmax": length_s,
        "tiers": [
            {
                "class": "IntervalTier",
                "name": tier.name,
                "xmin": 0,
                "xmax": length_s,
                "entries": [(start_ms / 1000, end_ms / 1000, emotion) for start_ms, end_ms, emotion in tier.labels],
            }
            for tier in tiers
        ],
    }
    text: str = getTextgridAsStr(grid, "long_textgrid", includeBlankSpaces=True)
    return text.encode()
