"""Labels for Audacity: a line for each segment that was analysed or corrected."""

from __future__ import annotations

from exports.speaker_lines import speaker_prefixes
from shared.domain.recording import Recording, to_ms
from shared.domain.timeline import Result


def to_labels(recording: Recording, result: Result) -> bytes:
    """Write a result as labels: start and end in seconds and a text, with tabs between; UTF-8."""
    prefixes = speaker_prefixes(recording, result)
    lines: list[str] = []
    for row in result.segments:
        if row.ok or row.correction:
            start_s, end_s = to_ms(row.segment.start) / 1000, to_ms(row.segment.end) / 1000
            confidence = "" if row.outcome.confidence is None else f" ({row.outcome.confidence:.0%})"
            correction = f", corrected: {row.correction.emotion}" if row.correction else ""
            if row.replaced:
                correction = f", corrected from {row.replaced.emotion}"
            label = f"{prefixes[row.segment.channel]}{row.outcome.emotion}{confidence}{correction}"
            lines.append(f"{start_s:.6f}\t{end_s:.6f}\t{label}\n")
    return "".join(lines).encode()
