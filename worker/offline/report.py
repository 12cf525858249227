"""The reports and the heat map of what was analysed here, without a service: `emoline analyze --report`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reports import heatmap, html, pdf
from reports.findings import collect_findings
from reports.report_input import ReportInput, SegmentAudio
from reports.texts import Language
from shared.domain.options import JobOptions
from worker.offline.analyze import Analysis
from worker.offline.segment_files import numbered


def write_reports(
    analysis: Analysis, options: JobOptions, out: Path, clips: Path, links: Mapping[int, str], lang: Language
) -> list[Path]:
    """Writes `heatmap.png`, `report.pdf` and `report.html` into `out`, and returns their paths.

    `clips` has the segments as `NNN.flac`; `links` are paths, from `out`, to those that stay.
    """
    picture = analysis.picture()
    spoken = picture if analysis.result.timeline else None
    subject = ReportInput(
        analysis.recording,
        analysis.result,
        options,
        SegmentAudio(links, _clips(analysis, options, clips)),
        heatmap=spoken,
    )
    contents = {
        "heatmap.png": heatmap.draw(picture, lang),
        "report.pdf": pdf.render(subject, lang),
        "report.html": html.render(subject, lang),
    }
    for name, content in contents.items():
        (out / name).write_bytes(content)
    return [out / name for name in contents]


def _clips(analysis: Analysis, options: JobOptions, clips: Path) -> dict[int, bytes]:
    found = collect_findings(analysis.result, options.aggregation.min_confidence)
    return {index: (clips / numbered(index, ".flac")).read_bytes() for index in found.key_indices}
