"""`emoline submit`: send files, folders and URLs to a service."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from cli.console import leave
from shared.domain.raw_sound import RawSound

if TYPE_CHECKING:
    from cli.bulk_submit import Source


def submit(
    sources: Annotated[list[str], typer.Argument(help="Files, folders of recordings, or URLs.", metavar="SOURCE…")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all have ended.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results, a NAME.json each; waits too.", file_okay=False)
    ] = None,
    config: Annotated[str, typer.Option(help='The jobs\' config as JSON, as {"channels": "split"}.')] = "{}",
    url: Annotated[str, typer.Option(help="The service.", envvar="EMOLINE_URL")] = "http://127.0.0.1:8000",
    key: Annotated[str | None, typer.Option(help="An API key of it.", envvar="EMOLINE_API_KEY")] = None,
) -> None:
    """Send recordings to a service, and get their results.

    Prints the id of each job. Ends with 1 if one was refused or did not succeed.
    """
    from cli.bulk_submit import Sender
    from emoline.client import Client

    console = Console(stderr=True)
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
    """Yield files, URLs, and all files below folders whose names have an audio or video type or headerless sound."""
    from cli.bulk_submit import Source

    for source in sources:
        path = Path(source)
        if source.startswith(("http://", "https://")):
            yield Source(source, PurePosixPath(urlsplit(source).path).name or "recording")
        elif path.is_dir():
            files = sorted(filter(_is_media, path.rglob("*")))
            yield from (Source(file, str(file.relative_to(path))) for file in files)
        elif path.is_file():
            yield Source(path, path.name)
        else:
            leave(Console(stderr=True), f"There is no {source}.")


def _is_media(file: Path) -> bool:
    kind = mimetypes.guess_type(file.name)[0] or ""
    return file.is_file() and (kind.startswith(("audio/", "video/")) or RawSound.from_name(file.name) is not None)
