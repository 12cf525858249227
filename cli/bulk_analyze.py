"""Many recordings analysed in this process, one after the other, under one progress bar."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Column, Table

from cli.console import sentence
from cli.recordings import RecordingFile
from shared.domain.options import JobOptions
from shared.domain.recording import clock, printable
from shared.schemas.result import ResultDocument
from worker.offline.result_files import EarlierResult, Outputs, analyze_into
from worker.pipeline.errors import ModelUnavailable, PipelineError
from worker.pipeline_builder import Pipeline

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Task:
    """A recording, the folder of its result, and the result that is there already."""

    recording: RecordingFile
    folder: Path
    earlier: EarlierResult | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The document of a recording, or the sentence that says why it has none. `kept` is whether it was there before."""

    task: Task
    document: ResultDocument | None = None
    problem: str | None = None
    kept: bool = False


def plan_folders(recordings: Sequence[RecordingFile], out: Path) -> list[Task]:
    """Give each recording a folder below `out`: `monday/call` for `monday/call.mp3`.

    Where another recording has that folder, in this run or from an earlier one, it is `monday/call-mp3`, then
    `monday/call-mp3-2` and so on; so a recording keeps its folder. Raises OSError.
    """
    tasks: list[Task] = []
    taken: set[str] = set()
    for recording in recordings:
        stem = recording.name.with_suffix("")
        longer = f"{stem}-{recording.name.suffix[1:]}" if recording.name.suffix else str(stem)
        for name in chain([str(stem), longer], (f"{longer}-{number}" for number in count(2))):
            if name.lower() in taken:
                continue
            earlier = EarlierResult.from_folder(out / name)
            if earlier is None or earlier.filename == printable(recording.path.name):
                break
        taken.add(name.lower())
        tasks.append(Task(recording, out / name, earlier))
    return tasks


@dataclass(frozen=True, slots=True)
class FileProgress:
    """The part of a progress bar that belongs to one recording: `size` after `before`, in bytes."""

    bar: Progress
    row: TaskID
    title: str
    before: int
    size: int

    def update(self, decoded: int, declared: int | None, segments: int) -> None:
        """Move the bar; usable as `worker.offline.analyze.OnProgress`."""
        share = min(1.0, decoded / declared) if declared else 0.0
        title = f"{self.title}, {segments} segments"
        self.bar.update(self.row, completed=self.before + share * self.size, description=title)

    def finish(self) -> None:
        """Move the bar to the end of the recording."""
        self.bar.update(self.row, completed=self.before + self.size)


class Analyzer:
    """Analyses recordings with the same options; a failed one does not stop the others."""

    def __init__(self, pipeline: Pipeline, options: JobOptions, outputs: Outputs, *, skip_existing: bool) -> None:
        self._pipeline = pipeline
        self._options = options
        self.outputs = outputs
        self._skip_existing = skip_existing

    def run(self, tasks: Sequence[Task], bar: Progress) -> Iterator[Outcome]:
        """Yield the outcome of each task. Raises ModelUnavailable, and OSError where the disk is full."""
        sizes = [task.recording.path.stat().st_size for task in tasks]
        row = bar.add_task("loading the model", total=sum(sizes))
        for number, task in enumerate(tasks):
            name = escape(str(task.recording.name))
            title = f"{number + 1} of {len(tasks)}: {name}" if len(tasks) > 1 else name
            progress = FileProgress(bar, row, title, sum(sizes[:number]), sizes[number])
            yield self.outcome(task, progress)
            progress.finish()

    def outcome(self, task: Task, progress: FileProgress) -> Outcome:
        """Analyse a recording, unless its result is there and may stay. Raises as `run`."""
        file, options = task.recording.path, self._options
        try:
            if self._skip_existing and task.earlier:
                document = task.earlier.current(file, options, self._pipeline.model.info, self.outputs)
                if document:
                    return Outcome(task, document, kept=True)
            document = analyze_into(task.folder, file, self._pipeline, options, self.outputs, progress.update)
        except ModelUnavailable:
            raise
        except (PipelineError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _NO_SPACE:
                raise
            return Outcome(task, problem=sentence(error))
        except Exception as error:  # a fault of Emoline in one recording may not cost a night of others
            traceback.print_exc()
            return Outcome(task, problem=f"{type(error).__name__}: {error} (internal_error)")
        return Outcome(task, document)


class Summary:
    """The table of many recordings, filled while they are analysed."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._kept = self._analysed = 0
        self._notice: str | None = None
        self._table = Table(
            Column("recording", overflow="fold"),
            "length",
            "most often",
            "analysed",
            Column("result", overflow="fold"),
        )

    def add(self, outcome: Outcome) -> None:
        """Add a row."""
        name, document = escape(str(outcome.task.recording.name)), outcome.document
        if document is None:
            self.problems.append(f"{outcome.task.recording.name}: {outcome.problem}")
            self._table.add_row(name, "", "", "", "[red]failed[/]")
            return
        self._kept += outcome.kept
        self._analysed += not outcome.kept
        self._notice = document.model.notice if document.model else self._notice
        main, coverage = document.dominant, document.coverage
        warnings = f" [yellow]({', '.join(document.audio.warnings)})[/]" if document.audio.warnings else ""
        self._table.add_row(
            name,
            clock(document.audio.duration_ms or 0),
            f"{main.emotion} {main.share:.0%}" if main else "no speech",
            f"{clock(coverage.analysed_ms)} of {clock(coverage.speech_ms)}",
            f"{escape(str(outcome.task.folder))}{warnings}",
        )

    def print(self, console: Console) -> None:
        """Print the table, the counts, the reasons of failures, and the notice of the model."""
        console.print(self._table)
        kept = f", {self._kept} kept from before" if self._kept else ""
        console.print(f"{self._analysed} analysed{kept}, {len(self.problems)} failed.", highlight=False)
        for problem in self.problems:
            console.print(problem, style="red", markup=False, soft_wrap=True)
        if self._notice:
            console.print(f"[dim]{escape(self._notice)}[/]")
