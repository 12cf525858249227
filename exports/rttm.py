"""RTTM (NIST): a line for each segment that was analysed."""

from __future__ import annotations

import re
from pathlib import PurePath

from exports.speaker_lines import speaker_name
from shared.domain.recording import Recording, to_ms
from shared.domain.timeline import Result


def to_rttm(recording: Recording, result: Result) -> bytes:
    """Write a result as RTTM: times in seconds, channels from 1, and `customer:angry` as the one name of a line."""
    file = _escape_field(PurePath(recording.filename).stem)
    lines: list[str] = []
    for row in result.segments:
        if row.ok:
            start, end = to_ms(row.segment.start), to_ms(row.segment.end)
            speaker = _escape_field(speaker_name(recording, row.segment.channel))
            channel = row.segment.channel if row.speaker is None else 0
            place = f"{channel + 1} {start / 1000:.3f} {(end - start) / 1000:.3f}"
            name = f"{speaker}:{_escape_field(row.outcome.emotion)}"
            lines.append(f"SPEAKER {file} {place} <NA> <NA> {name} {row.outcome.confidence:.4f} <NA>\n")
    return "".join(lines).encode()


def _escape_field(text: str) -> str:
    """Percent-encode spaces, quotes and the like, as in a URL: spaces separate the fields."""
    return re.sub(r"[^\w.-]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text)
