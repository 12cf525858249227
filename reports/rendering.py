"""Entry points for processes that render: functions that are pickled by reference and import a renderer when called.

Importing this module costs nothing; matplotlib, jinja2, typst and wordcloud, which take 50 MB, are imported by the
first call. So the API can name a function here without loading them into the process that answers requests.
"""

from __future__ import annotations

from reports.heatmap_input import HeatmapData
from reports.report_input import ReportInput
from reports.texts import Language


def draw_heatmap(data: HeatmapData, language: Language) -> bytes:
    """Draw a heat map as PNG."""
    from reports import heatmap

    return heatmap.draw(data, language)


def render_pdf(report_input: ReportInput, language: Language) -> bytes:
    """Render a report as PDF."""
    from reports import pdf

    return pdf.render(report_input, language)


def render_html(report_input: ReportInput, language: Language) -> bytes:
    """Render a report as one HTML file, in UTF-8."""
    from reports import html

    return html.render(report_input, language)
