"""The commands that run the service: `serve`, `worker`, `demo` and `migrate`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.console import leave, log_as_set, read_settings, settings_with, tell
from cli.options import SAMPLE, Device, Model, Precision, writable_folder
from shared.ports import Queue

if TYPE_CHECKING:
    from shared.settings import Settings

EXAMPLES = """Examples:

emoline serve

EMOLINE_MODEL=iic/emotion2vec_plus_large emoline serve --port 9000 --device cuda
"""


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; one that others can reach needs an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Run the service in one process: page, API and workers, over SQLite and a folder.

    Where EMOLINE_BROKER_URL is set, it is the API alone. docs/settings.md has all settings, EMOLINE_….
    """
    from api.prefork import api_service
    from api.server import AddressInUse, PublicAddress
    from shared.db.engine import DatabaseUnusable
    from shared.domain.errors import StoreUnavailable
    from shared.telemetry.traces import TracingUnavailable, check_tracing

    console = Console(stderr=True)
    settings = read_settings(model=model, device=device, precision=precision)
    log_as_set(settings, "api" if settings.broker_url else "service")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        check_tracing()
        if settings.broker_url:
            service = api_service(settings, settings.broker_url, host, port)
        else:
            service = _embedded(console, settings, host, port)
        with service as url:
            where = "" if settings.broker_url else f" Data: {settings.data_dir}."
            tell(settings, console, f"Emoline listens on {url} (the page; API: {url}/docs).{where} Ctrl-C stops it.")
            stop.wait()
            tell(settings, console, "Stopping: what is in hand is finished, the rest goes on at the next start.")
    except (PublicAddress, AddressInUse, StoreUnavailable, DatabaseUnusable, TracingUnavailable) as error:
        leave(console, str(error))


@contextmanager
def _embedded(console: Console, settings: Settings, host: str, port: int) -> Iterator[str]:
    # Imported late: the image of the API has neither a decoder nor a model.
    from cli.embedded import embedded_service
    from shared.telemetry.traces import export_spans
    from worker.pipeline.errors import ModelUnavailable

    try:
        with export_spans("service"), embedded_service(settings, host, port) as url:
            yield url
    except ModelUnavailable as error:
        leave(console, str(error))


class Role(StrEnum):
    """The kinds of worker processes."""

    PREPARE = "prepare"
    INFER = "infer"
    FINISH = "finish"
    DELIVER = "deliver"
    BEAT = "beat"


def worker(
    role: Annotated[Role, typer.Argument(help="Kind of work; the beat replaces wake-ups that were lost.")],
    check: Annotated[bool, typer.Option("--check", help="Ask whether this host's worker answers, and end.")] = False,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Run one worker of the distributed service, which needs EMOLINE_BROKER_URL.

    A service needs at least one of each kind, on any machine. SIGTERM ends a worker after the work in hand.
    """
    from shared.adapters.celery_wake_ups import answers, celery_app, node_name

    console = Console(stderr=True)
    settings = read_settings(model=model, device=device, precision=precision)
    log_as_set(settings, role.value)
    if not settings.broker_url:
        leave(console, "A worker needs a broker: set EMOLINE_BROKER_URL, such as redis://127.0.0.1:6379/0.")
    if not check:
        _run(console, role, settings, settings.broker_url)
    elif role is Role.BEAT:
        leave(console, "The beat answers nobody, so it cannot be checked. Two of it do no harm.")
    elif not answers(celery_app(settings.broker_url), node_name(Queue(role.value))):
        leave(console, f"No worker of the queue {role.value} answers for this host.")


def _run(console: Console, role: Role, settings: Settings, broker_url: str) -> None:
    from shared.db.engine import DatabaseUnusable
    from shared.domain.errors import StoreUnavailable
    from shared.telemetry.traces import TracingUnavailable, export_spans
    from worker.metrics import PortInUse, serve_metrics
    from worker.pipeline.errors import ModelUnavailable

    try:
        from worker.celery_worker import run_beat, run_worker

        if role is Role.BEAT:
            run_beat(broker_url, settings.log_level)
        else:
            with export_spans(role.value), serve_metrics(settings.metrics_host, settings.metrics_port):
                raise typer.Exit(run_worker(settings, broker_url, Queue(role.value)))
    except (ModelUnavailable, StoreUnavailable, DatabaseUnusable, TracingUnavailable, PortInUse) as error:
        leave(console, str(error))
    except ModuleNotFoundError as error:
        leave(console, f"{error.name} is missing: this installation is of the API alone, which runs no worker.")


def demo(
    file: Annotated[
        Path,
        typer.Argument(
            help="Audio or video file.", metavar="FILE", exists=True, dir_okay=False, show_default="the bundled call"
        ),
    ] = SAMPLE,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for result.json, the heat map and the reports.", file_okay=False, callback=writable_folder
        ),
    ] = Path("demo-output"),
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Show a recording's way through the service: start it, upload, print the timeline, stop it."""
    import tempfile

    from cli.demo import run
    from cli.embedded import embedded_service
    from emoline.client import ServiceError, Unsuccessful
    from shared.telemetry.logs import log_to_stderr
    from worker.pipeline.errors import ModelUnavailable

    console = Console()
    log_to_stderr("WARNING", "console")
    try:
        with tempfile.TemporaryDirectory(prefix="emoline-demo-") as data_dir:
            settings = settings_with(model=model, device=device, precision=precision, data_dir=data_dir)
            # The demonstration must not write into the database, store or queue of a real service.
            settings = settings.model_copy(update={"database_url": None, "store_url": None, "broker_url": None})
            with embedded_service(settings, "127.0.0.1", 0) as url:
                run(url, file, out, console)
    except (ServiceError, Unsuccessful, ModelUnavailable) as error:
        leave(console, str(error))


def migrate(
    create_bucket: Annotated[
        bool, typer.Option("--create-bucket", help="Make the bucket of EMOLINE_STORE_URL too.")
    ] = False,
) -> None:
    """Bring the database to the newest schema. With SQLite, `emoline serve` does it by itself."""
    from shared.db.engine import DatabaseUnusable, open_engine
    from shared.db.schema import migrate as bring_up_to_date
    from shared.domain.errors import StoreUnavailable

    settings = settings_with()
    try:
        engine = open_engine(settings.resolved_database_url())
        bring_up_to_date(engine)
        Console().print(f"{engine.url} is up to date.")
        if create_bucket:
            if settings.store_url is None:
                leave(Console(stderr=True), "There is no bucket to make: set EMOLINE_STORE_URL, such as s3://emoline.")
            from shared.adapters.s3_bucket import create_bucket as ensure_bucket

            ensure_bucket(settings.store_url, settings.store_endpoint_url, path_style=settings.store_path_style)
            Console().print(f"The bucket of {settings.store_url} is there.")
    except (DatabaseUnusable, StoreUnavailable) as error:
        leave(Console(stderr=True), str(error))
