"""The commands that run the service, or get it ready to run."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from rich.console import Console

from worker.cli.console import leave, log_to_stderr, settings_with
from worker.cli.options import SAMPLE, Device, File, Model, Precision


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; this machine's own only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Run the whole service here: API, workers, SQLite and a folder. Settings: EMOLINE_* (see docs/settings.md)."""
    from shared.db.engine import DatabaseUnusable
    from shared.domain.errors import StoreUnavailable
    from worker.embedded import AddressInUse, PublicAddress, embedded_service
    from worker.pipeline.errors import ModelUnavailable

    console = Console(stderr=True)
    settings = settings_with(model=model, device=device, precision=precision)
    log_to_stderr(settings.log_level)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with embedded_service(settings, host, port) as url:
            console.print(f"Emoline listens on {url} (API: {url}/docs). Data: {settings.data_dir}. Ctrl-C stops it.")
            stop.wait()
            console.print("Stopping: what is in hand is finished, the rest goes on at the next start.")
    except (PublicAddress, AddressInUse, ModelUnavailable, StoreUnavailable, DatabaseUnusable) as error:
        leave(console, str(error))


def demo(
    file: File = SAMPLE,
    out: Annotated[Path, typer.Option(help="Folder for result.json.", file_okay=False)] = Path("demo-output"),
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Start the service on a free port, send it a recording over HTTP, show its timeline, stop it."""
    import tempfile

    from worker.demo import DemoFailed, run
    from worker.embedded import embedded_service
    from worker.pipeline.errors import ModelUnavailable

    console = Console()
    log_to_stderr("WARNING")
    try:
        with tempfile.TemporaryDirectory(prefix="emoline-demo-") as data_dir:
            settings = settings_with(model=model, device=device, precision=precision, data_dir=data_dir)
            # Nothing of a demonstration belongs into what a real service uses.
            settings = settings.model_copy(update={"database_url": None, "store_url": None})
            with embedded_service(settings, "127.0.0.1", 0) as url:
                run(url, file, out, console)
    except (DemoFailed, ModelUnavailable) as error:
        leave(console, str(error))


def migrate() -> None:
    """Bring the database to the newest schema; with SQLite, `emoline serve` does it by itself."""
    from shared.db.engine import DatabaseUnusable, open_engine
    from shared.db.schema import migrate as bring_up_to_date

    try:
        engine = open_engine(settings_with().resolved_database_url())
        bring_up_to_date(engine)
    except DatabaseUnusable as error:
        leave(Console(stderr=True), str(error))
    Console().print(f"{engine.url} is up to date.")
