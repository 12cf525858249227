"""The report as one HTML file that needs nothing else: pictures and sound are inside, and there is no script.

Its looks are in `templates/report.html` and `templates/report.css`.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import heatmap, word_cloud
from reports.report_input import ReportInput
from reports.report_text import segment_table_parts, write_report_text
from reports.style import content_security_policy, stylesheet
from reports.texts import Language

_TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_MAX_CLIP_BYTES = 3_750_000
"""Sound of all clips together: 5 MB as text, so that the file can be sent by mail."""
_MAX_ROWS = 500
"""Segments in an opened part of the table: browsers lay out that many without a pause, but not ten thousand."""


def render(report_input: ReportInput, language: Language) -> bytes:
    """Render the report in UTF-8; key segments have a player, in order of time, while there is room for clips."""
    report = write_report_text(report_input, language)
    clips: dict[int, str] = {}
    room = _MAX_CLIP_BYTES
    for row in report.key_segments:
        clip = report_input.audio.clips.get(row.index)
        if clip and len(clip) <= room:
            room -= len(clip)
            clips[row.index] = _data_url("audio/flac", clip)
    cloud = word_cloud.draw(report.shares) if report.shares else None
    scores = heatmap.draw(report_input.heatmap, language) if report_input.heatmap else None
    document = _ENVIRONMENT.get_template("report.html").render(
        report=report,
        policy=content_security_policy(),
        style=Markup(stylesheet()),
        # Made by a library for XML, so the names in them are escaped.
        timeline=Markup(report.timeline_svg),
        narrow_timeline=Markup(report.narrow_timeline_svg),
        word_cloud=_data_url("image/png", cloud) if cloud else None,
        heatmap=_data_url("image/png", scores) if scores else None,
        clips=clips,
        parts=segment_table_parts(report_input, language, _MAX_ROWS),
        count=len(report_input.result.segments),
    )
    return document.encode()


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
