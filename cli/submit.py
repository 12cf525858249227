"""`emoline submit`: send files, folders and URLs to a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from cli.console import leave, warn_of_environment
from cli.options import writable_folder
from cli.recordings import first_free, list_recordings

if TYPE_CHECKING:
    from cli.bulk_submit import Source

EXAMPLES = """Examples:

emoline submit call.mp3 --out results

emoline submit recordings https://calls.example/monday.mp3 --wait --config '{"channels": "split"}'
"""


def submit(
    sources: Annotated[list[str], typer.Argument(help="Files, folders of recordings, or URLs.", metavar="SOURCE…")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all jobs have ended.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results, NAME.json for each; implies --wait.",
            file_okay=False,
            callback=writable_folder,
        ),
    ] = None,
    config: Annotated[
        str, typer.Option(help='Config of the jobs as JSON, as {"channels": "split"}; docs/api.md has its keys.')
    ] = "{}",
    url: Annotated[str, typer.Option(help="URL of the service.", envvar="EMOLINE_URL")] = "http://127.0.0.1:8000",
    key: Annotated[
        str | None, typer.Option(help="API key, if the service needs one.", envvar="EMOLINE_API_KEY")
    ] = None,
) -> None:
    """Send recordings to a service, and get their results.

    Prints the id of each job. The exit status is 1 if one was refused or did not succeed.
    """
    from cli.bulk_submit import Sender
    from emoline.client import Client

    console = Console(stderr=True)
    warn_of_environment(console)
    try:
        options = json.loads(config)
    except ValueError as error:
        leave(console, f"--config is not JSON: {error}.")
    if not isinstance(options, dict):
        leave(console, '--config must be an object, as {"channels": "split"}.')
    recordings = list(_recordings(sources))
    with Client(url, key) as client:
        sender = Sender(client, console)
        sent = sender.send(recordings, options)
        for recording in sent:
            typer.echo(recording.job.id)
        succeeded = sender.wait(sent, out) if wait or out else len(sent)
    if succeeded < len(recordings):
        leave(console, f"{len(recordings) - succeeded} of {len(recordings)} recordings failed.")


def _recordings(sources: list[str]) -> Iterator[Source]:
    """Yield files, URLs, and the recordings below folders, each by a name of its own."""
    from cli.bulk_submit import Source

    console, names = Console(stderr=True), set[str]()
    for source in sources:
        path = Path(source)
        if source.startswith(("http://", "https://")):
            yield Source(
                source, str(first_free(PurePath(PurePosixPath(urlsplit(source).path).name or "recording"), names))
            )
        elif path.exists():
            listing = list_recordings([path])
            if notice := listing.notice():
                console.print(notice, markup=False, soft_wrap=True)
            yield from (Source(file.path, str(first_free(file.name, names))) for file in listing.recordings)
        else:
            leave(console, f"There is no {source}.")
