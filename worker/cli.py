"""The command line: `emoline`. Each command imports what it needs, so that `--help` is quick."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from benchmarks.rounds import OnStep
    from shared.domain.options import JobOptions
    from shared.settings import Settings

app = typer.Typer(help="Emotion timelines for long recordings.", no_args_is_help=True, pretty_exceptions_enable=False)
bench = typer.Typer(
    help="Measure how fast this machine is, beside FunASR on the same sound in the same run.", no_args_is_help=True
)
app.add_typer(bench, name="bench")

_SAMPLE = Path(__file__).parent.parent / "samples" / "call.opus"


_Model = Annotated[
    str | None, typer.Option(help="mini, a model directory, or a hub id like iic/emotion2vec_plus_large.")
]
_Device = Annotated[Literal["cpu", "cuda"] | None, typer.Option(help="Where the model runs.")]
_Rounds = Annotated[int, typer.Option(help="How often everything is measured, in turn.", min=1)]
_Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"] | None,
    typer.Option(help="Number format of the model's matrix products; auto takes what the device is good at."),
]
_Channels = Annotated[
    Literal["auto", "mix", "split"],
    typer.Option(help="split: each channel by itself; mix: their mean; auto: split where the voices differ."),
]
_Roles = Annotated[str, typer.Option(help="Names of the channels from 0 on, with a comma: agent,customer.")]
_Analyse = Annotated[
    str, typer.Option(help="Channels to analyse, by name or number, with a comma.", show_default="all of them")
]


@app.command()
def analyze(
    file: Annotated[Path, typer.Argument(help="An audio or video file.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder for result.json.", file_okay=False)],
    model: _Model = None,
    device: _Device = None,
    precision: _Precision = None,
    channels: _Channels = "auto",
    roles: _Roles = "",
    analyse: _Analyse = "",
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
    from shared.documents.result import ResultDocument
    from worker.analyze import analyze as run
    from worker.container import build_pipeline
    from worker.failures import failure_of
    from worker.pipeline.errors import ModelUnavailable, PipelineError
    from worker.segment_files import numbered
    from worker.terminal import print_result, progress_bar

    console = Console(stderr=True)
    options = replace(_channel_options(channels, roles, analyse), granularity=granularity, embeddings=embeddings)
    try:
        pipeline = build_pipeline(_settings(model=model, device=device, precision=precision))
        with pipeline.model, progress_bar(console) as bar:
            task = bar.add_task("reading the file, loading the model", total=None)

            def on_progress(decoded: int, declared: int | None, segments: int) -> None:
                bar.update(task, completed=decoded, total=declared, description=f"analysing, {segments} segments")

            analysis = run(file, pipeline, options, out, on_progress, save_segments=save_segments)
            bar.update(task, completed=1, total=1)
    except ModelUnavailable as error:
        _exit(console, str(error))
    except PipelineError as error:
        failure = failure_of(error)
        _exit(console, f"{failure.message} ({failure.code})")
    document = ResultDocument.of(
        analysis.recording,
        analysis.result,
        lambda found: f"segments/{numbered(found.segment.index, '.wav')}" if save_segments else None,
        lambda found: analysis.frame_scores.get(found.segment.index),
    )
    out.mkdir(parents=True, exist_ok=True)
    indent = 2 if granularity == "segment" else None  # which would give each frame's score a line of its own
    (out / "result.json").write_text(document.model_dump_json(indent=indent, by_alias=True) + "\n", encoding="utf-8")
    print_result(document, Console())


@app.command("split")
def split_alone(
    file: Annotated[Path, typer.Argument(help="An audio or video file.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder for 000.wav, 001.wav, … and segments.json.", file_okay=False)],
    max_ms: Annotated[int, typer.Option(help="Longest segment, 3000 to 25000 ms.")] = 25_000,
    min_silence_ms: Annotated[int, typer.Option(help="Shortest pause, 100 to 800 ms.")] = 200,
    silence_db: Annotated[
        float,
        typer.Option(help="Level in dBFS under which there is silence, -60 to -20; lowered for quiet recordings."),
    ] = -40,
    strict: Annotated[bool, typer.Option("--strict", help="Never lower --silence-db.")] = False,
    channels: _Channels = "auto",
    plot: Annotated[bool, typer.Option("--plot", help="Draw segments.png too: where the cuts are, and why.")] = False,
) -> None:
    """Cut one file into segments, without a model."""
    from shared.domain.options import JobOptions, SegmentationOptions
    from worker.failures import failure_of
    from worker.pipeline.errors import PipelineError
    from worker.split import Hearing, split
    from worker.terminal import print_split, progress_bar

    console = Console(stderr=True)
    try:
        cutting = SegmentationOptions(max_ms, min_silence_ms, silence_db, strict)
    except ValueError as error:
        _exit(console, f"The options are not valid: {error}.")
    hearing = Hearing()
    on_heard = hearing.add if plot else lambda channel, heard: None
    try:
        with progress_bar(console) as bar:
            task = bar.add_task("cutting", total=None)

            def on_progress(decoded: int, declared: int | None) -> None:
                bar.update(task, completed=decoded, total=declared)

            options = JobOptions(channels=channels, segmentation=cutting)
            done = split(file, out, options, _settings(), on_progress, on_heard)
            if plot:
                from worker.segments_plot import draw

                bar.update(task, description="drawing")
                draw(done, hearing, min_silence_ms, out)
            bar.update(task, description="done", completed=1, total=1)
    except OSError as error:
        _exit(console, str(error))
    except PipelineError as error:
        failure = failure_of(error)
        _exit(console, f"{failure.message} ({failure.code})")
    print_split(done, Console())


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine's own only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    model: _Model = None,
    device: _Device = None,
    precision: _Precision = None,
) -> None:
    """Run the whole service here: API, workers, SQLite and a folder. Settings: EMOLINE_* (see docs/settings.md)."""
    from worker.embedded import AddressInUse, PublicAddress, embedded_service
    from worker.pipeline.errors import ModelUnavailable

    console = Console(stderr=True)
    settings = _settings(model=model, device=device, precision=precision)
    _log_to_stderr(settings.log_level)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with embedded_service(settings, host, port) as url:
            console.print(f"Emoline listens on {url} (API: {url}/docs). Data: {settings.data_dir}. Ctrl-C stops it.")
            stop.wait()
            console.print("Stopping: what is in hand is finished, the rest goes on at the next start.")
    except (PublicAddress, AddressInUse, ModelUnavailable) as error:
        _exit(console, str(error))


@app.command()
def demo(
    file: Annotated[Path, typer.Argument(help="An audio or video file.", exists=True, dir_okay=False)] = _SAMPLE,
    out: Annotated[Path, typer.Option(help="Folder for result.json.", file_okay=False)] = Path("demo-output"),
    model: _Model = None,
    device: _Device = None,
    precision: _Precision = None,
) -> None:
    """Start the service on a free port, send it a recording over HTTP, show its timeline, stop it."""
    import tempfile

    from worker.demo import DemoFailed, run
    from worker.embedded import embedded_service
    from worker.pipeline.errors import ModelUnavailable

    console = Console()
    _log_to_stderr("WARNING")
    try:
        with tempfile.TemporaryDirectory(prefix="emoline-demo-") as data_dir:
            settings = _settings(model=model, device=device, precision=precision, data_dir=data_dir)
            with embedded_service(settings, "127.0.0.1", 0) as url:
                run(url, file, out, console)
    except (DemoFailed, ModelUnavailable) as error:
        _exit(console, str(error))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; `emoline serve` does it by itself."""
    from shared.db.engine import migrate as bring_up_to_date
    from shared.db.engine import open_engine

    engine = open_engine(_settings().resolved_database_url())
    bring_up_to_date(engine)
    Console().print(f"{engine.url} is up to date.")


@bench.command("engine")
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


@bench.command("pipeline")
def bench_pipeline(
    file: Annotated[Path, typer.Argument(help="An audio or video file.", exists=True, dir_okay=False)] = _SAMPLE,
    model: Annotated[str, typer.Option(help="mini, a model directory, or large-random.")] = "mini",
    rounds: _Rounds = 3,
) -> None:
    """A recording from file to scores on the CPU: decoding, segmentation and model, each also without the next."""
    with _measuring() as on_step:
        from benchmarks.pipeline import measure

        costs = measure(file, model, rounds, on_step)
    Console().print(costs.table())


def _channel_options(channels: Literal["auto", "mix", "split"], roles: str, analyse: str) -> JobOptions:
    from shared.domain.options import JobOptions

    names = _listed(roles)
    try:
        chosen = tuple(int(one) if one.isdecimal() and one not in names else one for one in _listed(analyse))
        return JobOptions(channels=channels, roles=names, analyse=chosen or None)
    except ValueError as error:
        _exit(Console(stderr=True), f"The options are not valid: {error}.")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


@contextmanager
def _measuring() -> Iterator[OnStep]:
    """What a benchmark runs in, from the import of torch on: a progress bar, and a sentence if it cannot run."""
    from benchmarks.machine import spin_like_the_models_process
    from benchmarks.peer import funasr_silenced
    from worker.failures import failure_of
    from worker.pipeline.errors import ModelUnavailable, PipelineError
    from worker.terminal import progress_bar

    console = Console(stderr=True)
    spin_like_the_models_process()
    try:
        with progress_bar(console) as bar, funasr_silenced():
            task = bar.add_task("loading", total=None)

            def on_step(name: str, done: int, steps: int | None) -> None:
                bar.update(task, description=name, completed=done, total=steps)

            yield on_step
            bar.update(task, description="done", completed=1, total=1)
    except ModelUnavailable as error:
        _exit(console, str(error))
    except PipelineError as error:
        failure = failure_of(error)
        _exit(console, f"{failure.message} ({failure.code})")


def _settings(**given: object) -> Settings:
    """The settings from the environment, but for what was given on the command line."""
    from pydantic import ValidationError

    from shared.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(f"EMOLINE_{str(issue['loc'][0]).upper()}: {issue['msg']}" for issue in error.errors())
        _exit(Console(stderr=True), f"The settings are not valid. {wrong}.")


def _log_to_stderr(level: str) -> None:
    import logging
    import sys

    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _exit(console: Console, sentence: str) -> NoReturn:
    console.print(sentence, style="red", markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
