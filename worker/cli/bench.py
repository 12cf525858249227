from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from worker.cli.console import leaving
from worker.cli.options import SAMPLE, File

if TYPE_CHECKING:
    from benchmarks.rounds import OnStep

app = typer.Typer(
    help="Measure how fast this machine is, beside FunASR on the same sound in the same run.", no_args_is_help=True
)

_Rounds = Annotated[int, typer.Option(help="How often everything is measured, in turn.", min=1)]


@app.command("engine")
def bench_engine(
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where all variants run.")] = "cpu",
    model: Annotated[
        str,
        typer.Option(help="mini, a model directory, or large-random: the published large shape with random weights."),
    ] = "large-random",
    threads: Annotated[int | None, typer.Option(help="CPU threads.", show_default="torch's choice", min=1)] = None,
    rounds: _Rounds = 3,
    seconds: Annotated[
        float | None,
        typer.Option(help="Sound in all, in clips of 3 to 25 s.", show_default="120 on a CPU, 960 on a GPU", min=3),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """The model alone: FunASR clip by clip, its clips padded into batches, and ours in each precision."""
    import json

    with _measuring() as on_step:
        from benchmarks.engine.bench import Plan, measure

        report = measure(Plan(model, device, rounds, threads, seconds), on_step)
    if as_json:
        typer.echo(json.dumps(report.document(), ensure_ascii=False, indent=2))
    else:
        Console().print(report.table())


@app.command("pipeline")
def bench_pipeline(
    file: File = SAMPLE,
    model: Annotated[str, typer.Option(help="mini, a model directory, or large-random.")] = "mini",
    rounds: _Rounds = 3,
) -> None:
    """A recording from file to scores on the CPU: decoding, segmentation and model, each also without the next."""
    with _measuring() as on_step:
        from benchmarks.pipeline import measure

        costs = measure(file, model, rounds, on_step)
    Console().print(costs.table())


@contextmanager
def _measuring() -> Iterator[OnStep]:
    """What a benchmark runs in, from the import of torch on: a progress bar, and a sentence if it cannot run."""
    from benchmarks.machine import spin_like_the_models_process
    from benchmarks.peer import funasr_silenced
    from worker.terminal import progress_bar

    console = Console(stderr=True)
    spin_like_the_models_process()
    with leaving(console), progress_bar(console) as bar, funasr_silenced():
        task = bar.add_task("loading", total=None)

        def on_step(name: str, done: int, steps: int | None) -> None:
            bar.update(task, description=name, completed=done, total=steps)

        yield on_step
        bar.update(task, description="done", completed=1, total=1)
