from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from worker.cli.console import leaving, settings_with
from worker.cli.options import (
    Analyse,
    Channels,
    Device,
    File,
    Model,
    Precision,
    Roles,
    channels_listed,
    job_options,
    listed,
    takes_segmentation,
)

if TYPE_CHECKING:
    from worker.analyze import Analysis


@takes_segmentation
def analyze(
    file: File,
    out: Annotated[Path, typer.Option(help="Folder for result.json.", file_okay=False)],
    segmentation: dict[str, Any],
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    channels: Channels = "auto",
    roles: Roles = "",
    analyse: Analyse = "",
    granularity: Annotated[
        Literal["segment", "frame"], typer.Option(help="frame: the scores of each 20 ms in result.json too.")
    ] = "segment",
    embeddings: Annotated[
        Literal["utterance", "frame"] | None,
        typer.Option(help="Keep embeddings/NNN.npy too: one vector for a segment, or one for each 20 ms of it."),
    ] = None,
    save_segments: Annotated[bool, typer.Option("--save-segments", help="Keep segments/NNN.wav too.")] = False,
) -> None:
    """Analyse one file in this process, without a server."""
    from worker.analyze import analyze as run
    from worker.container import build_pipeline
    from worker.terminal import progress_bar

    console = Console(stderr=True)
    settings = settings_with(model=model, device=device, precision=precision, segmentation=segmentation)
    names = listed(roles)
    options = job_options(
        channels=channels,
        roles=names,
        analyse=channels_listed(analyse, names),
        granularity=granularity,
        embeddings=embeddings,
        segmentation=settings.segmentation,
    )
    with leaving(console):
        pipeline = build_pipeline(settings)
        with pipeline.model, progress_bar(console) as bar:
            task = bar.add_task("reading the file, loading the model", total=None)

            def on_progress(decoded: int, declared: int | None, segments: int) -> None:
                bar.update(task, completed=decoded, total=declared, description=f"analysing, {segments} segments")

            analysis = run(file, pipeline, options, out, on_progress, save_segments=save_segments)
            bar.update(task, completed=1, total=1)
        _write(analysis, out, with_frames=granularity == "frame", with_segments=save_segments)


def _write(analysis: Analysis, out: Path, *, with_frames: bool, with_segments: bool) -> None:
    from shared.documents.result import ResultDocument
    from shared.frames import softmax
    from worker.segment_files import numbered
    from worker.terminal import print_result

    document = ResultDocument.of(
        analysis.recording,
        analysis.result,
        lambda found: f"segments/{numbered(found.segment.index, '.wav')}" if with_segments else None,
        lambda found: softmax(analysis.logits[found.segment.index]) if with_frames and found.ok else None,
    )
    indent = None if with_frames else 2  # which would give each frame's score a line of its own
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(document.model_dump_json(indent=indent, by_alias=True) + "\n", encoding="utf-8")
    print_result(document, Console())
