"""A report as files in a folder."""

from __future__ import annotations

from pathlib import Path

from evaluation.answers import answers_csv
from evaluation.charts import draw_charts
from evaluation.report_json import to_json
from evaluation.report_markdown import to_markdown
from evaluation.run import EvaluationReport


def write_report(report: EvaluationReport, folder: Path) -> None:
    """Write `report.json`, `report.md` and its pictures, and for clips `answers.csv`; those of an earlier one go."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(to_json(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "answers.csv").unlink(missing_ok=True)
    if report.answers:
        (folder / "answers.csv").write_bytes(answers_csv(report.answers, report.model.labels))
    draw_charts(report.measured, f"{report.model.id} on {report.source.path.resolve().name}", folder)
