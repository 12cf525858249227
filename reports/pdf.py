"""The report as PDF, by typst. What it looks like is in `templates/report.typ`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typst

from reports import fonts, word_cloud
from reports.heatmap import heatmap
from reports.report_input import Subject
from reports.report_text import content
from reports.texts import Language

_TEMPLATES = Path(__file__).parent / "templates"


def render(subject: Subject, lang: Language) -> bytes:
    """The PDF of a subject. It is the same on every machine: no font comes from elsewhere, and no time is in it."""
    said = content(subject, lang)
    # Pictures as numbers: typst reads no files but its template, and takes nothing from us but text.
    pictures = {
        "cloud_picture": list(word_cloud.draw(said.shares)) if said.shares else [],
        "heatmap": list(heatmap(subject.picture, lang)) if subject.picture else [],
    }
    return typst.compile(
        str(_TEMPLATES / "report.typ"),
        root=str(_TEMPLATES),
        font_paths=[str(fonts.FOLDER)],
        ignore_system_fonts=True,
        sys_inputs={"content": json.dumps(asdict(said) | pictures)},
        format="pdf",
    )
