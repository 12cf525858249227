"""The reports and the heat map of what was analysed here, without a service: `emoline analyze --report`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reports import html, pdf
from reports.findings import find
from reports.heatmap import heatmap
from reports.report_input import Sound, Subject
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
    subject = Subject(
        analysis.recording, analysis.result, options, Sound(links, _clips(analysis, options, clips)), picture=spoken
    )
    contents = {
        "heatmap.png": heatmap(picture, lang),
        "report.pdf": pdf.render(subject, lang),
        "report.html": html.render(subject, lang),
    }
    for name, content in contents.items():
        (out / name).write_bytes(content)
    return [out / name for name in contents]


def _clips(analysis: Analysis, options: JobOptions, clips: Path) -> dict[int, bytes]:
    found = find(analysis.result, options.aggregation.min_confidence)
    return {index: (clips / numbered(index, ".flac")).read_bytes() for index in found.key_indices}
