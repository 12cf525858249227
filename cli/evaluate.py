"""`emoline evaluate`: accuracy of the model on labelled sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cli.console import leave, leaving, settings_with
from cli.options import (
    Device,
    Emotions,
    Model,
    Precision,
    check_emotions,
    listed,
    speakers_option,
    takes_segmentation,
    writable_folder,
)

if TYPE_CHECKING:
    from evaluation.run import EvaluationReport

EXAMPLES = """Examples:

emoline evaluate clips --out report --map boredom=other

emoline evaluate call.wav --labels call.csv --out report --model iic/emotion2vec_plus_large

emoline evaluate meeting.wav --labels meeting.csv --rttm meeting.rttm --out report --speakers 2-4
"""


Labels = Annotated[
    Path | None,
    typer.Option(
        help="Labels. For clips a CSV with the columns file, emotion and, if you like, speaker, gender, language; "
        "for a recording a CSV with start_ms, end_ms, emotion and perhaps channel, or labels of Audacity (.txt).",
        show_default="labels.csv, metadata.csv or the only CSV there; beside a recording its name with .csv",
        exists=True,
        dir_okay=False,
    ),
]
LabelMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="A label of the CSV and what it is to the model, as boredom=other. May be repeated."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Use only lines of the CSV with one of these values, as speaker=13,16. May be repeated."),
]
Robustness = Annotated[
    bool,
    typer.Option(
        "--robustness",
        help="Measure the clips by telephone, through codecs, in noise and so on too; it takes 15 times as long.",
    ),
]
Rttm = Annotated[
    Path | None,
    typer.Option(
        help="Who speaks when in a recording of one channel; then its speakers are told apart and measured too.",
        show_default="none",
        exists=True,
        dir_okay=False,
    ),
]
SpeakerCount = Annotated[
    str,
    typer.Option(
        help="How many speakers there are, with --rttm: auto, a number, or a range as 2-4.", show_default="auto"
    ),
]


@takes_segmentation
def evaluate(
    source: Annotated[
        Path, typer.Argument(help="A folder with clips and a CSV of their labels, or one long recording.", exists=True)
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for report.json, report.md with its pictures, and answers.csv.",
            file_okay=False,
            callback=writable_folder,
        ),
    ],
    segmentation: dict[str, Any],
    labels: Labels = None,
    label_map: LabelMap = None,
    only: Only = None,
    robustness: Robustness = False,
    rttm: Rttm = None,
    speakers: SpeakerCount = "",
    emotions: Emotions = "",
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Measure a model on labelled recordings of your own: how often it is right, and how sure when it is."""
    console = Console(stderr=True)
    if source.is_file() and (only or robustness):
        leave(console, "--only and --robustness are for folders of clips, not for a recording.")
    if (speakers and not rttm) or (rttm and source.is_dir()):
        leave(console, "--rttm is for a recording, and --speakers needs --rttm.")
    settings = settings_with(model=model, device=device, precision=precision, segmentation=segmentation)
    names = {name.lower(): to.lower() for name, to in parse_pairs(console, "--map", label_map).items()}
    values = {name.lower(): frozenset(listed(text)) for name, text in parse_pairs(console, "--only", only).items()}
    with leaving(console):
        from cli.terminal import progress_bar
        from evaluation.errors import NotEvaluable
        from evaluation.run import EvaluationSource, evaluate_folder, evaluate_recording
        from worker.pipeline_builder import build_pipeline

        told_apart = speakers_option(speakers or "auto")
        only_emotions = listed(emotions.lower()) or None
        labelled = EvaluationSource(source, labels, names, values, only_emotions, rttm, told_apart)
        pipeline = build_pipeline(settings)
        with pipeline.model, progress_bar(console) as bar:
            task = bar.add_task("loading the model", total=None)

            def on_step(name: str, completed: int, total: int | None) -> None:
                bar.update(task, description=name, completed=completed, total=total)

            check_emotions(labelled.emotions or (), pipeline.model.info.labels)
            try:
                if source.is_dir():
                    report = evaluate_folder(labelled, pipeline, settings.segmentation, on_step, robust=robustness)
                else:
                    report = evaluate_recording(labelled, pipeline, settings.segmentation, on_step)
            except NotEvaluable as error:
                leave(console, str(error))
            bar.update(task, description="done", completed=1, total=1)
        from evaluation.report_files import write_report

        write_report(report, out)
    _print(report, out)


def parse_pairs(console: Console, option: str, texts: list[str] | None) -> dict[str, str]:
    """Parse `name=value` texts; leave with a sentence where one is something else."""
    pairs = [text.partition("=") for text in texts or ()]
    for name, _, value in pairs:
        if not (name.strip() and value.strip()):
            leave(console, f"{option} needs a name and a value with = between, not {name!r}.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _print(report: EvaluationReport, out: Path) -> None:
    console, figures = Console(), report.measured
    for name, rate in {"WA": figures.wa, "UAR": figures.uar, "macro-F1": figures.macro_f1}.items():
        console.print(f"{name:8} {rate.value:6.1%}  ({rate.low:.1%} to {rate.high:.1%})", highlight=False)
    console.print(f"{'ECE':8} {figures.calibration.ece:6.1%}", highlight=False)
    if report.speakers:
        for name, value in {"DER": report.speakers.der, "JER": report.speakers.jer}.items():
            console.print(f"{name:8} {value:6.1%}", highlight=False)
    if report.skipped:
        console.print(f"[yellow]{len(report.skipped)} were skipped; the report says which, and why.[/]")
    if report.unknown_labels:
        console.print(
            f"[yellow]The model does not know {', '.join(report.unknown_labels)}: reported apart. --map says what they "
            "mean to it.[/]"
        )
    console.print(f"{out / 'report.md'}", markup=False, soft_wrap=True)
