"""`emoline analyze`: recordings and folders of recordings, without a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from cli.console import leave, leaving, settings_with
from cli.options import (
    Analyse,
    Channels,
    Device,
    Emotions,
    LegalBasis,
    Model,
    Precision,
    Purpose,
    Raw,
    Roles,
    Speakers,
    channels_listed,
    check_emotions,
    check_policy,
    job_options,
    listed,
    speakers_option,
    takes_segmentation,
    writable_folder,
)

if TYPE_CHECKING:
    from cli.bulk_analyze import Analyzer, Task
    from exports.formats import ExportFormat
    from worker.offline.result_files import Outputs

EXAMPLES = """Examples:

emoline analyze call.mp3 --out result --report

emoline analyze recordings --out results --export csv,srt --skip-existing

emoline analyze call.wav --out result --channels split --roles agent,customer --analyse customer

emoline analyze meeting.m4a --out result --speakers 2-4
"""


Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Recordings (audio or video), and folders, of which all recordings are taken at any depth.",
        metavar="FILE|FOLDER…",
        exists=True,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        help="Folder for result.json. For a folder or several files it gets a folder NAME with result.json for each.",
        file_okay=False,
        callback=writable_folder,
    ),
]
Export = Annotated[
    list[str] | None,
    typer.Option(
        help="Write result.csv, result.srt and so on too: csv, jsonl, parquet, srt, vtt, textgrid, eaf, rttm, "
        "audacity, with commas between, or all.",
        show_default="none",
    ),
]
Report = Annotated[bool, typer.Option("--report", help="Write report.pdf, report.html and heatmap.png too.")]
Lang = Annotated[Literal["en", "zh"], typer.Option(help="Language of the reports.")]
SaveSegments = Annotated[
    bool, typer.Option("--save-segments", help="Keep the sound of each segment too, as segments/NNN.wav.")
]
SkipExisting = Annotated[
    bool,
    typer.Option(
        "--skip-existing",
        help="Keep results that are there and would be the same, to go on after an interruption. Without it they are "
        "replaced.",
    ),
]
Granularity = Annotated[
    Literal["segment", "frame"], typer.Option(help="frame puts the scores of each 20 ms into result.json too.")
]
Embeddings = Annotated[
    Literal["utterance", "frame"] | None,
    typer.Option(
        help="Keep embeddings/NNN.npy too: a vector for each segment, or for each 20 ms of it.", show_default="none"
    ),
]
Track = Annotated[
    str,
    typer.Option(
        help="Sound track of the file, from 0, or each: every track a channel.",
        show_default="the file's default one, or the first with sound",
        rich_help_panel="Channels",
    ),
]
SpeakingTimes = Annotated[
    Literal["analysed", "all"],
    typer.Option(
        help="Channels whose times of speech count in the conversation; all measures those that --analyse leaves out.",
        rich_help_panel="Channels",
    ),
]
GapMs = Annotated[
    int,
    typer.Option(
        help="Neighbours of one emotion that are closer than this become one entry, 0 to 60000 ms.",
        rich_help_panel="Timeline",
    ),
]
MinConfidence = Annotated[
    float,
    typer.Option(help="Segments under this confidence count as unknown, 0 to 1.", rich_help_panel="Timeline"),
]


@takes_segmentation
def analyze(
    sources: Sources,
    out: Out,
    segmentation: dict[str, Any],
    export: Export = None,
    report: Report = False,
    lang: Lang = "en",
    save_segments: SaveSegments = False,
    skip_existing: SkipExisting = False,
    granularity: Granularity = "segment",
    embeddings: Embeddings = None,
    channels: Channels = "auto",
    track: Track = "",
    raw: Raw = "",
    roles: Roles = "",
    analyse: Analyse = "",
    speaking_times: SpeakingTimes = "analysed",
    speakers: Speakers = None,
    gap_ms: GapMs = 2_000,
    min_confidence: MinConfidence = 0.0,
    purpose: Purpose = None,
    legal_basis: LegalBasis = None,
    emotions: Emotions = "",
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Analyse recordings in this process, without a server.

    One recording that fails does not stop the others; the table at the end says why, and the exit status is 1.
    """
    from worker.offline.result_files import Outputs

    console = Console(stderr=True)
    exports = export_formats(console, export or [])
    settings = settings_with(model=model, device=device, precision=precision, segmentation=segmentation)
    names = listed(roles)
    options = job_options(
        channels=channels,
        track=int(track) if track.isdecimal() else track or None,
        raw=raw,
        roles=names,
        analyse=channels_listed(analyse, names),
        speaking_times=speaking_times,
        emotions=listed(emotions.lower()) or None,
        speakers=speakers_option(speakers or settings.speakers),
        granularity=granularity,
        embeddings=embeddings,
        purpose=purpose,
        legal_basis=legal_basis,
        segmentation=settings.segmentation,
        aggregation={"gap_ms": gap_ms, "min_confidence": min_confidence},
    )
    check_policy(settings, options)
    outputs = Outputs(save_segments, exports, lang if report else None)
    with leaving(console):
        from cli.bulk_analyze import Analyzer
        from worker.pipeline_builder import build_pipeline

        tasks = plan_tasks(sources, out, outputs, console, skip_existing=skip_existing)
        pipeline = build_pipeline(settings)
        with pipeline.model:
            check_emotions(options.emotions or (), pipeline.model.info.labels)
            analyzer = Analyzer(pipeline, options, outputs, skip_existing=skip_existing)
            if tasks[0].folder == out:
                analyze_one(analyzer, tasks[0], console)
            else:
                analyze_many(analyzer, tasks, console)


def export_formats(console: Console, texts: Sequence[str]) -> tuple[ExportFormat, ...]:
    """Return the formats of lists with commas, each once; leave with a sentence where there is none of a name."""
    from exports.formats import ExportFormat
    from shared.domain.suggestions import suggestion

    names = dict.fromkeys(name.lower() for text in texts for name in listed(text))
    formats = list(ExportFormat)
    for name in names:
        if name not in (*formats, "all"):
            leave(console, f"--export: there is no format {name!r}; {suggestion(name, [*formats, 'all'])}.")
    return tuple(formats if "all" in names else map(ExportFormat, names))


def plan_tasks(
    sources: Sequence[Path], out: Path, outputs: Outputs, console: Console, *, skip_existing: bool
) -> list[Task]:
    """Return the recordings with the folders of their results, and print which files are left out or replaced.

    A lone file has the folder `out` itself. Leaves with a sentence where there is no recording, where `out` has the
    result of another one, and where somebody else's file would be overwritten. Raises OSError.
    """
    from cli.bulk_analyze import Task, plan_folders
    from cli.recordings import list_recordings
    from shared.domain.recording import printable
    from worker.offline.result_files import EarlierResult

    listing = list_recordings(sources)
    if notice := listing.notice():
        console.print(notice, markup=False, soft_wrap=True)
    if not listing.recordings:
        leave(console, f"There is no recording in {', '.join(map(str, sources))}.")
    if len(sources) == 1 and sources[0].is_file():
        task = Task(listing.recordings[0], out, EarlierResult.from_folder(out))
        if task.earlier and task.earlier.filename != printable(task.recording.path.name):
            whose = f"the result of {task.earlier.filename}" if task.earlier.filename else "of no result of Emoline's"
            leave(console, f"{out / 'result.json'} is there already and is {whose}; choose another folder.")
        tasks = [task]
    else:
        tasks = plan_folders(listing.recordings, out)
    for task in tasks:
        files = [] if task.earlier else [task.folder / name for name in outputs.filenames()]
        if clash := next((file for file in files if file.exists()), None):
            leave(console, f"{clash} is there already and is of no result of Emoline's; choose another folder.")
    replaced = [str(task.folder / "result.json") for task in tasks if task.earlier]
    if replaced and not skip_existing:
        which = replaced[0] if len(replaced) == 1 else f"{len(replaced)} earlier results"
        console.print(f"Replaced, with its exports and reports: {which}.", markup=False, soft_wrap=True)
    return tasks


def analyze_one(analyzer: Analyzer, task: Task, console: Console) -> None:
    """Analyse a lone file and print its timeline; leave with a sentence where it fails."""
    from cli.terminal import print_result, progress_bar

    with progress_bar(console) as bar:
        (outcome,) = analyzer.run([task], bar)
    if outcome.document is None:
        leave(console, outcome.problem or "")
    print_result(outcome.document, Console())
    for name in ("result.json", *analyzer.outputs.filenames()):
        Console().print(f"{'Kept' if outcome.kept else 'Written'}: {task.folder / name}", markup=False, soft_wrap=True)


def analyze_many(analyzer: Analyzer, tasks: Sequence[Task], console: Console) -> None:
    """Analyse files and print a table; end with status 1 where one failed."""
    from cli.bulk_analyze import Summary
    from cli.terminal import progress_bar

    summary = Summary()
    try:
        with progress_bar(console) as bar:
            for outcome in analyzer.run(tasks, bar):
                summary.add(outcome)
    finally:
        summary.print(Console())
    if summary.problems:
        raise typer.Exit(1)
