"""`emoline split`: segments of one file, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.console import leaving, settings_with
from cli.options import Channels, File, Raw, job_options, takes_segmentation, writable_folder

EXAMPLES = """Example:

emoline split call.mp3 --out segments --max-ms 15000 --plot
"""


@takes_segmentation
def split(
    file: File,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for 000.wav, 001.wav, … and segments.json.", file_okay=False, callback=writable_folder
        ),
    ],
    segmentation: dict[str, Any],
    channels: Channels = "auto",
    raw: Raw = "",
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw segments.png too, which shows the cuts and their reasons.")
    ] = False,
) -> None:
    """Cut a recording into segments in its pauses, without a model."""
    from cli.terminal import print_split, progress_bar
    from worker.offline.split import ActivityRecorder
    from worker.offline.split import split as run

    console = Console(stderr=True)
    settings = settings_with(segmentation=segmentation)
    options = job_options(channels=channels, raw=raw, segmentation=settings.segmentation)
    activity = ActivityRecorder()
    on_activity = activity.add if plot else lambda channel, block: None
    with leaving(console), progress_bar(console) as bar:
        task = bar.add_task("cutting", total=None)

        def on_progress(decoded: int, declared: int | None) -> None:
            bar.update(task, completed=decoded, total=declared)

        result = run(file, out, options, settings, on_progress, on_activity)
        if plot:
            from worker.offline.plot import draw

            bar.update(task, description="drawing")
            draw(result, activity, options.segmentation.min_silence_ms, out)
        bar.update(task, description="done", completed=1, total=1)
    print_split(result, Console())
