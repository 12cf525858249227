"""Write the reports and the heat map of an offline analysis: `emoline analyze --report`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reports import heatmap, html, pdf
from reports.findings import collect_findings
from reports.report_input import ReportInput, SegmentAudio
from reports.texts import Language
from shared.domain.options import JobOptions
from worker.offline.analyze import Analysis
from worker.offline.segment_files import segment_filename


def write_reports(
    analysis: Analysis, options: JobOptions, out: Path, clips: Path, links: Mapping[int, str], lang: Language
) -> list[Path]:
    """Write `heatmap.png`, `report.pdf` and `report.html` into the folder `out`, and return their paths.

    `clips` is the folder with the segments as `NNN.flac`; `links` has by index the paths of segment files, relative to
    `out`, for the report to link to.
    """
    picture = analysis.picture()
    findings = collect_findings(analysis.result)
    sounds = {index: (clips / segment_filename(index, ".flac")).read_bytes() for index in findings.key_indices}
    subject = ReportInput(
        analysis.recording,
        analysis.result,
        options,
        SegmentAudio(links, sounds),
        heatmap=picture if analysis.result.timeline else None,
        conversation=analysis.conversation,
    )
    contents = {
        "heatmap.png": heatmap.draw(picture, lang),
        "report.pdf": pdf.render(subject, lang),
        "report.html": html.render(subject, lang),
    }
    for name, content in contents.items():
        (out / name).write_bytes(content)
    return [out / name for name in contents]
