"""A report as files in a folder."""

from __future__ import annotations

from pathlib import Path

from evaluation.charts import draw_charts
from evaluation.report_json import to_json
from evaluation.report_markdown import to_markdown
from evaluation.run import EvaluationReport


def write_report(report: EvaluationReport, folder: Path) -> None:
    """Write `report.json`, `report.md` and its pictures, and replace those of an earlier evaluation."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(to_json(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    draw_charts(report.measured, f"{report.model.id} on {report.source.path.resolve().name}", folder)
