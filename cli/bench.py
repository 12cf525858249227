"""`emoline bench`: the options of the benchmarks, whose code is in `lab/`, which is never installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import typer
from rich.console import Console

from cli.console import leave, leaving
from cli.options import SAMPLE, File

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lab.benchmarks.rounds import OnStep

_CHECKOUT = Path(__file__).parents[1]

app = typer.Typer(
    help="Measure how fast this machine is, beside other tools on the same sound in the same run.", no_args_is_help=True
)

_Rounds = Annotated[int, typer.Option(help="How often everything is measured, in turn.", min=1)]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")]


class BenchmarkReport(Protocol):
    """The outcome of a benchmark."""

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""

    def table(self) -> RenderableType:
        """Return a table for the terminal."""


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
    as_json: _Json = False,
) -> None:
    """The model alone: FunASR clip by clip, its clips padded into batches, and ours in each precision."""
    with _model_benchmark() as on_step:
        from lab.benchmarks.engine.bench import EnginePlan, measure

        report = measure(EnginePlan(model, device, rounds, threads, seconds), on_step)
    _print(report, as_json)


@app.command("pipeline")
def bench_pipeline(
    file: File = SAMPLE,
    model: Annotated[str, typer.Option(help="mini, a model directory, or large-random.")] = "mini",
    rounds: _Rounds = 3,
) -> None:
    """A recording from file to scores on the CPU: decoding, segmentation and model, each also without the next."""
    with _model_benchmark() as on_step:
        from lab.benchmarks.pipeline import measure

        costs = measure(file, model, rounds, on_step)
    Console().print(costs.table())


@app.command("segment")
def bench_segment(
    clips: Annotated[
        Path | None,
        typer.Option(
            help="Folder of audio files with one utterance in each, to be strung together.",
            show_default="the phrases of the bundled call",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    hours: Annotated[float, typer.Option(help="Length of the recording.", min=0.02)] = 1.0,
    long_hours: Annotated[float, typer.Option(help="Length for which memory is measured too.", min=0.02)] = 24.0,
    rounds: _Rounds = 3,
    as_json: _Json = False,
) -> None:
    """Decoding and segmentation: cost beside decoding alone and other tools, memory, and quality against truth."""
    with _benchmark() as on_step:
        from lab.benchmarks.segment.bench import SegmentationPlan, measure

        try:
            report = measure(SegmentationPlan(rounds, hours, long_hours, clips), on_step)
        except ValueError as error:
            leave(Console(stderr=True), str(error))
    _print(report, as_json)


@app.command("service")
def bench_service(
    rounds: _Rounds = 3,
    seconds: Annotated[float, typer.Option(help="Length of each stream of requests.", min=1)] = 20.0,
    jobs: Annotated[int, typer.Option(help="Short jobs for one and for two workers.", min=2)] = 500,
    recordings: Annotated[
        int, typer.Option(help="Recordings of a minute, through the service and past it.", min=1)
    ] = 30,
    backlog: Annotated[int, typer.Option(help="Jobs that wait while claims are timed.", min=1)] = 10_000,
    upload_gib: Annotated[float, typer.Option(help="Size of an upload.", min=0.01)] = 10.0,
    uploads: Annotated[int, typer.Option(help="Uploads at the same time.", min=1)] = 3,
    as_json: _Json = False,
) -> None:
    """The distributed service under load, over Postgres, Redis and S3 of its own. Needs Linux and the repository."""
    with _benchmark() as on_step:
        from lab.benchmarks.service.bench import ServicePlan, measure

        plan = ServicePlan(rounds, seconds, jobs, recordings, backlog, round(upload_gib * 2**30), uploads)
        report = measure(plan, on_step)
    _print(report, as_json)


@app.command("claims")
def bench_claims(
    jobs: Annotated[int, typer.Option(help="Jobs with three segments that wait.", min=1)] = 10_000,
    long_jobs: Annotated[int, typer.Option(help="Jobs with many segments that wait.", min=1)] = 1_000,
    long_segments: Annotated[int, typer.Option(help="Segments of each of these.", min=1)] = 300,
    times: Annotated[int, typer.Option(help="How often each claim is made.", min=1)] = 50,
    as_json: _Json = False,
) -> None:
    """The claims of workers while many jobs wait, on a Postgres of its own and on SQLite."""
    with _benchmark() as on_step:
        from lab.benchmarks.claims import Backlog, ClaimsPlan, measure

        report = measure(ClaimsPlan([Backlog(jobs, 3), Backlog(long_jobs, long_segments)], times), on_step)
    _print(report, as_json)


@app.command("questions")
def bench_questions(
    jobs: Annotated[int, typer.Option(help="Jobs on Postgres.", min=1)] = 100_000,
    sqlite_jobs: Annotated[int, typer.Option(help="Jobs on SQLite.", min=1)] = 10_000,
    times: Annotated[int, typer.Option(help="How often each question is asked.", min=1)] = 5,
    as_json: _Json = False,
) -> None:
    """Lists of jobs with each condition and order, and insights, on a Postgres of its own and on SQLite."""
    with _benchmark() as on_step:
        from lab.benchmarks.questions import QuestionsPlan, measure

        report = measure(QuestionsPlan(jobs, sqlite_jobs, times), on_step)
    _print(report, as_json)


@app.command("feed")
def bench_feed(
    file: File = SAMPLE,
    rate: Annotated[
        float, typer.Option(help="Seconds of sound that the simulated device scores a second.", min=1)
    ] = 8000,
    jobs: Annotated[int, typer.Option(help="Jobs whose segments wait.", min=1)] = 20,
    segments: Annotated[int, typer.Option(help="Segments of 8 s of each job.", min=1)] = 800,
    as_json: _Json = False,
) -> None:
    """The infer stage before a fast simulated device over stores near and far, and preparing over a distant one."""
    with _benchmark() as on_step:
        from lab.benchmarks.feed.bench import FeedPlan, measure

        report = measure(FeedPlan(jobs, segments, rate), file, on_step)
    _print(report, as_json)


@app.command("ranges")
def bench_ranges(
    file: File = SAMPLE,
    hours: Annotated[float, typer.Option(help="Length of the recordings, which repeat the file.", min=0.1)] = 4.0,
    rounds: _Rounds = 3,
    as_json: _Json = False,
) -> None:
    """Long WAV, FLAC, MP3 and M4A: decoding and preparing on one core, with one decoder, and in ranges."""
    with _benchmark() as on_step:
        from lab.benchmarks.ranges.bench import RangesPlan, measure

        report = measure(RangesPlan(hours, rounds), file, on_step)
    _print(report, as_json)


@app.command("capacity")
def bench_capacity(
    hours: Annotated[float, typer.Option(help="Length of the long recordings.", min=0.1)] = 1.0,
    jobs: Annotated[
        int, typer.Option(help="Long recordings; as much sound comes in recordings of five minutes.", min=1)
    ] = 2,
    waiting: Annotated[list[int], typer.Option(help="Segments that wait while others are claimed.", min=1000)] = [  # noqa: B006
        10_000,
        1_000_000,
    ],
    processes: Annotated[int, typer.Option(help="Processes that claim at the same time.", min=1)] = 2,
    seconds: Annotated[float, typer.Option(help="Length of each stream of claims.", min=0.1)] = 10.0,
    as_json: _Json = False,
) -> None:
    """The constants of docs/capacity.md: CPU seconds, rows, bytes and requests of an audio hour; claims per second."""
    with _benchmark() as on_step:
        from lab.benchmarks.capacity.bench import CapacityPlan, measure

        report = measure(CapacityPlan(hours, jobs, waiting, processes, seconds), on_step)
    _print(report, as_json)


@app.command("page")
def bench_page(as_json: _Json = False) -> None:
    """The page with long recordings: how soon it opens, how fluidly it pans. Needs a Chromium."""
    with _benchmark() as on_step:
        from lab.benchmarks.browser import NoBrowser
        from lab.benchmarks.page import measure

        try:
            report = measure(on_step)
        except NoBrowser as error:
            leave(Console(stderr=True), str(error))
    _print(report, as_json)


def _print(report: BenchmarkReport, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(report.document(), ensure_ascii=False, indent=2))
    else:
        Console().print(report.table())


@contextmanager
def _model_benchmark() -> Iterator[OnStep]:
    """Run a benchmark of the model, FunASR silenced and OpenMP's spinning set before torch is imported."""
    _require_checkout()
    from lab.benchmarks.funasr_peer import funasr_silenced
    from lab.benchmarks.machine import spin_like_the_models_process

    spin_like_the_models_process()
    with funasr_silenced(), _benchmark() as on_step:
        yield on_step


@contextmanager
def _benchmark() -> Iterator[OnStep]:
    """Run a benchmark under a progress bar; end the command with a sentence if it cannot run."""
    _require_checkout()
    from cli.terminal import progress_bar

    console = Console(stderr=True)
    with leaving(console), progress_bar(console) as bar:
        task = bar.add_task("loading", total=None)

        def on_step(name: str, completed: int, steps: int | None) -> None:
            bar.update(task, description=name, completed=completed, total=steps)

        yield on_step
        bar.update(task, description="done", completed=1, total=1)


def _require_checkout() -> None:
    """Start the command again with the checkout on Python's path where `lab` cannot be imported; leave without one.

    The environment carries the path, because benchmarks start processes that import `lab` too.
    """
    if find_spec("lab"):
        return
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(_CHECKOUT) in paths or not (_CHECKOUT / "lab").is_dir():
        leave(Console(stderr=True), "Benchmarks run from a checkout of Emoline: the folder lab is not installed.")
    path = os.pathsep.join(filter(None, [str(_CHECKOUT), *paths]))
    os.execve(sys.executable, [sys.executable, "-m", "cli", *sys.argv[1:]], os.environ | {"PYTHONPATH": path})
