"""The report as one HTML file that needs nothing else: pictures and sounds are inside, and no script.

What it looks like is in `templates/report.html` and `templates/report.css`.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import word_cloud
from reports.heatmap import heatmap
from reports.report_input import Sound, Subject
from reports.report_text import Content, content, segment_parts
from reports.style import policy, style
from reports.texts import Language

_TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_CLIP_BYTES = 3_750_000
"""Sound that is taken in at most: 5 MB as text, so that the file can be sent by mail."""
_ROWS = 500
"""Segments that a table shows at once: browsers lay out that many without a pause, and not ten thousand."""


def render(subject: Subject, lang: Language) -> bytes:
    """The file for a subject."""
    said = content(subject, lang)
    document = _ENVIRONMENT.get_template("report.html").render(
        said=said,
        policy=policy(),
        style=Markup(style()),
        picture=Markup(said.picture),  # made by a library for XML, so what it holds of names is escaped
        cloud=_data("image/png", word_cloud.draw(said.shares)) if said.shares else None,
        heatmap=_data("image/png", heatmap(subject.picture, lang)) if subject.picture else None,
        clips=_clips(said, subject.sound),
        parts=segment_parts(subject, lang, _ROWS),
        count=len(subject.result.segments),
    )
    return document.encode()


def _clips(said: Content, sound: Sound) -> dict[int, str]:
    """The sound of the segments to listen to as data: URLs, in order of time, as long as there is room."""
    clips: dict[int, str] = {}
    room = _CLIP_BYTES
    for row in said.key_segments:
        clip = sound.clips.get(row.index)
        if clip and len(clip) <= room:
            room -= len(clip)
            clips[row.index] = _data("audio/flac", clip)
    return clips


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
