"""The timeline as subtitles, SubRip and WebVTT: a caption for each entry.

Written by hand: pysubs2 writes both, but drops text in braces, which it takes for commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from exports.speaker_lines import speaker_prefixes
from shared.domain.recording import Recording, to_ms
from shared.domain.timeline import Result, TimelineEntry

_TAGS = str.maketrans({"<": "&lt;", ">": "&gt;"})


def to_srt(recording: Recording, result: Result) -> bytes:
    """Write the timeline as SubRip in UTF-8, with captions numbered from 1; `<b>`, `-->` and the like are escaped.

    Only `<` and `>`: players take them for tags, and most show `&amp;` as it stands.
    """
    captions = enumerate(_captions(recording, result), start=1)
    cues = (f"{number}\n{_span(entry, ',')}\n{text.translate(_TAGS)}\n\n" for number, (entry, text) in captions)
    return "".join(cues).encode()


def to_vtt(recording: Recording, result: Result) -> bytes:
    """Write the timeline as WebVTT in UTF-8; `<b>`, `-->` and the like are escaped."""
    captions = _captions(recording, result)
    cues = (f"{_span(entry, '.')}\n{escape(text, quote=False)}\n\n" for entry, text in captions)
    return f"WEBVTT\n\n{''.join(cues)}".encode()


def _captions(recording: Recording, result: Result) -> Iterator[tuple[TimelineEntry, str]]:
    prefixes = speaker_prefixes(recording, result)
    for entry in result.timeline:
        corrected = ", corrected" if entry.corrected else ""
        yield entry, f"{prefixes[entry.channel]}{entry.emotion} ({entry.confidence:.0%}{corrected})"


def _span(entry: TimelineEntry, decimal_point: str) -> str:
    return f"{_clock(to_ms(entry.start), decimal_point)} --> {_clock(to_ms(entry.end), decimal_point)}"


def _clock(time_ms: int, decimal_point: str) -> str:
    minutes, milliseconds = divmod(time_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{decimal_point}{milliseconds % 1000:03}"
