"""Labels for Audacity: a line for each segment that was analysed or corrected."""

from __future__ import annotations

from exports.speaker_lines import openings
from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result


def to_labels(recording: Recording, result: Result) -> bytes:
    """Start and end in seconds and a text, with tabs between."""
    opening = openings(recording, result)
    shown = (it for it in result.segments if it.ok or it.correction)
    return "".join(_line(it, opening[it.segment.channel]) for it in shown).encode()


def _line(it: SegmentResult, opening: str) -> str:
    confidence = "" if it.outcome.confidence is None else f" ({it.outcome.confidence:.0%})"
    correction = f", corrected: {it.correction.emotion}" if it.correction else ""
    start, end = to_ms(it.segment.start) / 1000, to_ms(it.segment.end) / 1000
    return f"{start:.6f}\t{end:.6f}\t{opening}{it.outcome.emotion}{confidence}{correction}\n"
