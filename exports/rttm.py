"""RTTM (NIST): a line for each segment that was analysed."""

from __future__ import annotations

import re
from pathlib import PurePath

from exports.speaker_lines import voice
from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result


def to_rttm(recording: Recording, result: Result) -> bytes:
    """The name in a line is `customer:angry`: it has but one, and both are asked for. Channels count from 1."""
    file = _field(PurePath(recording.filename).stem)
    return "".join(_line(file, recording, it) for it in result.segments if it.ok).encode()


def _line(file: str, recording: Recording, it: SegmentResult) -> str:
    start, end = to_ms(it.segment.start), to_ms(it.segment.end)
    name = f"{_field(voice(recording, it.segment.channel))}:{_field(it.outcome.emotion)}"
    place = f"{it.segment.channel + 1} {start / 1000:.3f} {(end - start) / 1000:.3f}"
    return f"SPEAKER {file} {place} <NA> <NA> {name} {it.outcome.confidence:.4f} <NA>\n"


def _field(text: str) -> str:
    """Without spaces, quotes and the like, which are written as in a URL: fields are parted by spaces."""
    return re.sub(r"[^\w.-]", lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode()), text)
