"""The report as PDF, by typst. Its looks are in `templates/report.typ`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typst

from reports import fonts, heatmap, word_cloud
from reports.report_input import ReportInput
from reports.report_text import write_report_text
from reports.texts import Language

_TEMPLATES = Path(__file__).parent / "templates"


def render(report_input: ReportInput, language: Language) -> bytes:
    """Render the report, the same bytes on every machine: fonts come from this package, and no time is written."""
    report = write_report_text(report_input, language)
    # Pictures go as lists of numbers: typst reads no file but its template, and takes only text as input.
    pictures = {
        "word_cloud": list(word_cloud.draw(report.shares)) if report.shares else [],
        "heatmap": list(heatmap.draw(report_input.heatmap, language)) if report_input.heatmap else [],
    }
    return typst.compile(
        str(_TEMPLATES / "report.typ"),
        root=str(_TEMPLATES),
        font_paths=[str(fonts.FOLDER)],
        ignore_system_fonts=True,
        sys_inputs={"content": json.dumps(asdict(report) | pictures)},
        format="pdf",
    )
