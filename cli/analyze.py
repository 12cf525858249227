"""`emoline analyze`: one file, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from cli.console import leaving, settings_with
from cli.options import (
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
    from worker.offline.analyze import Analysis


@takes_segmentation
def analyze(
    file: File,
    out: Annotated[Path, typer.Option(help="Folder for result.json.", file_okay=False)],
    segmentation: dict[str, Any],
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    channels: Channels = "auto",
    track: Annotated[
        int | None,
        typer.Option(help="Number of the sound track, from 0; by default the default one with sound.", min=0),
    ] = None,
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
    report: Annotated[
        bool, typer.Option("--report", help="Write report.pdf, report.html and heatmap.png too.")
    ] = False,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the reports.")] = "en",
) -> None:
    """Analyse one file in this process, without a server."""
    from cli.terminal import progress_bar
    from worker.offline.analyze import analyze as run
    from worker.offline.segment_files import segment_filename
    from worker.pipeline_builder import build_pipeline

    console = Console(stderr=True)
    settings = settings_with(model=model, device=device, precision=precision, segmentation=segmentation)
    names = listed(roles)
    options = job_options(
        channels=channels,
        track=track,
        roles=names,
        analyse=channels_listed(analyse, names),
        granularity=granularity,
        embeddings=embeddings,
        segmentation=settings.segmentation,
    )
    with leaving(console), TemporaryDirectory(prefix="emoline-analyze-") as folder:
        clips = Path(folder) if report else None
        pipeline = build_pipeline(settings)
        with pipeline.model, progress_bar(console) as bar:
            task = bar.add_task("reading the file, loading the model", total=None)

            def on_progress(decoded: int, declared: int | None, segments: int) -> None:
                bar.update(task, completed=decoded, total=declared, description=f"analysing, {segments} segments")

            analysis = run(file, pipeline, options, out, on_progress, save_segments=save_segments, clips=clips)
            bar.update(task, completed=1, total=1)
        indices = [scored.segment.index for scored in analysis.result.segments] if save_segments else []
        audio_files = {index: f"segments/{segment_filename(index, '.wav')}" for index in indices}
        _write(analysis, out, audio_files, with_frames=granularity == "frame")
        if clips:
            from worker.offline.report import write_reports

            for path in write_reports(analysis, options, out, clips, audio_files, lang):
                Console().print(f"Written: {path}")


def _write(analysis: Analysis, out: Path, audio_files: Mapping[int, str], *, with_frames: bool) -> None:
    """Write result.json and print its timeline."""
    from cli.terminal import print_result
    from shared.frame_scores import softmax
    from shared.schemas.result import ResultDocument

    scored = [segment.segment.index for segment in analysis.result.segments if with_frames and segment.ok]
    frame_scores = {index: softmax(analysis.logits[index]) for index in scored}
    document = ResultDocument.from_result(
        analysis.recording, analysis.result, audio_files.get, frame_scores, analysis.conversation
    )
    indent = None if with_frames else 2  # indented, every frame's score would take a line
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(document.model_dump_json(indent=indent, by_alias=True) + "\n", encoding="utf-8")
    print_result(document, Console())
