"""The files of an offline analysis: `result.json`, exports, reports, the sound and embeddings of segments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from pydantic import ValidationError

from exports.formats import WRITERS, ExportFormat
from reports.texts import Language
from shared.domain.emotion import ModelInfo
from shared.domain.options import JobOptions
from shared.domain.recording import printable
from shared.frame_scores import softmax
from shared.schemas.recording import ModelDocument
from shared.schemas.result import AnalysedRecording, ResultDocument
from shared.version import VERSION
from worker.offline.analyze import Analysis, OnProgress, analyze
from worker.offline.report import REPORT_FILES, write_reports
from worker.offline.segment_files import segment_filename
from worker.pipeline_builder import Pipeline

RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that an analysis writes besides `result.json`: `report` is the language of the reports, if any."""

    save_segments: bool = False
    exports: tuple[ExportFormat, ...] = ()
    report: Language | None = None

    def filenames(self) -> list[str]:
        """Return the names of the exports, `result.csv` and so on, and of the reports."""
        exports = [f"{Path(RESULT_FILE).stem}{WRITERS[export].suffix}" for export in self.exports]
        return [*exports, *(REPORT_FILES if self.report else ())]


EVERY_FILE = frozenset(Outputs(exports=tuple(ExportFormat), report="en").filenames())


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """The `result.json` that lies in a folder already; `filename` is its recording's, None if it is not Emoline's."""

    folder: Path
    filename: str | None

    @classmethod
    def from_folder(cls, folder: Path) -> Self | None:
        """Read the result of a folder, None if there is none. Raises OSError."""
        try:
            content = json.loads((folder / RESULT_FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:
            return cls(folder, None)
        audio = content.get("audio") if isinstance(content, dict) else None
        return cls(folder, audio.get("filename") if isinstance(audio, dict) else None)

    def current(self, file: Path, options: JobOptions, model: ModelInfo, outputs: Outputs) -> ResultDocument | None:
        """Return its document if an analysis of `file` would write the same files, else None. Raises OSError."""
        try:
            document = ResultDocument.model_validate_json((self.folder / RESULT_FILE).read_bytes())
        except ValidationError:  # of another version
            return None
        is_same = (
            document.emoline_version == VERSION
            and (document.audio.filename, document.audio.size_bytes) == (printable(file.name), file.stat().st_size)
            and document.config == options
            and document.model in (None, ModelDocument.from_model(model))
            and all((self.folder / name).is_file() for name in outputs.filenames())
            and all(segment.audio_url or not outputs.save_segments for segment in document.segments)
        )
        return document if is_same else None


def analyze_into(
    folder: Path, file: Path, pipeline: Pipeline, options: JobOptions, outputs: Outputs, on_progress: OnProgress
) -> ResultDocument:
    """Analyse a file and write its result into a folder.

    Exports and reports of an earlier result that are not asked for any more are deleted: they would be of other scores.

    Raises:
        PipelineError: the file cannot be decoded or lacks a channel to be analysed, or the model cannot run.
        OSError: the file cannot be read, or the folder cannot be written.
    """
    with TemporaryDirectory(prefix="emoline-analyze-") as temporary:
        clips = Path(temporary) if outputs.report else None
        save_segments = outputs.save_segments
        analysis = analyze(file, pipeline, options, folder, on_progress, save_segments=save_segments, clips=clips)
        folder.mkdir(parents=True, exist_ok=True)
        indices = [each.segment.index for each in analysis.result.segments] if save_segments else []
        links = {index: f"segments/{segment_filename(index, '.wav')}" for index in indices}
        if (folder / RESULT_FILE).is_file():
            for name in EVERY_FILE.difference(outputs.filenames()):
                (folder / name).unlink(missing_ok=True)
        document = write_result(analysis, options, folder, links)
        for name, export in zip(outputs.filenames(), outputs.exports, strict=False):
            (folder / name).write_bytes(WRITERS[export].write(analysis.recording, analysis.result))
        if clips and outputs.report:
            write_reports(analysis, options, folder, clips, links, outputs.report)
    return document


def write_result(analysis: Analysis, options: JobOptions, folder: Path, links: dict[int, str]) -> ResultDocument:
    """Write `result.json` and return its document; `links` has by index the paths of segment files."""
    with_frames = options.granularity == "frame"
    scored = [segment.segment.index for segment in analysis.result.segments if with_frames and segment.ok]
    frame_scores = {index: softmax(analysis.logits[index]) for index in scored}
    now = datetime.now(UTC)
    analysed = AnalysedRecording(analysis.recording, analysis.result, options, now, analysis.conversation)
    document = ResultDocument.from_analysed(analysed, links.get, frame_scores)
    indent = None if with_frames else 2  # indented, every frame's score would take a line
    content = document.model_dump_json(indent=indent, by_alias=True)
    (folder / RESULT_FILE).write_text(f"{content}\n", encoding="utf-8")
    return document
