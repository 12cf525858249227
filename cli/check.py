"""`emoline check`: compare the database with the object store."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.console import leave, settings_with


def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Delete objects without a job, and mark sound that is gone as deleted, so that requests are told so.",
        ),
    ] = False,
) -> None:
    """Compare the database with the store: jobs without their objects, objects without a job. Exits with 1 if there
    are any that were not repaired.

    Run it after a restore from a backup, while the service runs or not.
    """
    from shared.adapters.local_wake_ups import LocalWakeUps
    from shared.container import open_services
    from shared.db.engine import DatabaseUnusable
    from shared.domain.errors import Outage, StoreUnavailable

    console, left = Console(stderr=True), 0
    bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console)
    try:
        with open_services(settings_with(), LocalWakeUps()) as services, bar:
            store_check, task = services.store_check, bar.add_task("")
            for number, checked in enumerate(store_check.check_jobs(), 1):
                bar.update(task, description=f"{number:,} jobs compared")
                if checked.missing:
                    mended = repair and store_check.mend(checked)
                    left += not mended
                    result = "its sound is marked as deleted" if mended else "it stays as it is"
                    typer.echo(f"{checked.job.id}: {len(checked.missing)} objects are missing; {result}.")
            for job_id in store_check.find_orphans():
                if repair:
                    store_check.delete_orphan(job_id)
                left += not repair
                typer.echo(f"{job_id}: objects without a job{', deleted' if repair else ''}.")
    except (DatabaseUnusable, StoreUnavailable, Outage) as error:
        leave(console, str(error))
    if left:
        leave(console, f"{left:,} jobs differ from the store.")
    console.print("Database and store agree.")
