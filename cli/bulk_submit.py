"""Many recordings to a service, one after the other, with a bar for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID

from cli.terminal import progress_bar, show_progress
from emoline.client import Client, OnSent, ServiceError, Unsuccessful
from emoline.models import JobDocument


@dataclass(frozen=True, slots=True)
class Source:
    """A recording to send: its path or URL, and a relative path as its name for messages and results."""

    place: Path | str
    name: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A recording that the service has accepted, and its job."""

    source: Source
    job: JobDocument


class Sender:
    """Submit recordings one after the other; a failed one is reported on `console` and skipped."""

    def __init__(self, client: Client, console: Console) -> None:
        self._client = client
        self._console = console

    def send(self, sources: Sequence[Source], config: Mapping[str, Any]) -> list[Sent]:
        """Upload files and submit URLs; return the accepted recordings."""
        accepted = []
        with progress_bar(self._console) as bar:
            for source in sources:
                size = source.place.stat().st_size if isinstance(source.place, Path) else None
                task = bar.add_task(f"{escape(source.name)}: uploading", total=size)
                try:
                    on_sent: OnSent = partial(_show_sent, bar, task)
                    if isinstance(source.place, str):
                        job = self._client.submit_url(source.place, **config)
                    else:
                        job = self._client.submit(source.place, on_sent=on_sent, **config)
                    accepted.append(Sent(source, job))
                except (ServiceError, httpx2.TransportError, OSError) as error:
                    self._print_error(source, error)
                bar.remove_task(task)
        return accepted

    def wait(self, sent: Sequence[Sent], out: Path | None) -> int:
        """Wait until all have ended and return how many have succeeded. Each result becomes `out/<name>.json`."""
        succeeded = 0
        with progress_bar(self._console) as bar:
            overall = bar.add_task("", total=len(sent))
            for number, recording in enumerate(sent, 1):
                bar.update(overall, completed=number - 1, description=f"recording {number} of {len(sent)}")
                task = bar.add_task(escape(recording.source.name), total=100)
                try:
                    on_change = partial(show_progress, bar, task, name=recording.source.name)
                    job = self._client.wait(recording.job.id, on_change)
                    if job.status != "succeeded":
                        raise Unsuccessful(job)
                    if out:
                        file = out / f"{recording.source.name}.json"
                        file.parent.mkdir(parents=True, exist_ok=True)
                        file.write_text(self._client.result(job.id).model_dump_json(indent=2), encoding="utf-8")
                    succeeded += 1
                except (ServiceError, Unsuccessful, httpx2.TransportError, OSError) as error:
                    self._print_error(recording.source, error)
                bar.remove_task(task)
            bar.update(overall, completed=len(sent))
        return succeeded

    def _print_error(self, source: Source, error: Exception) -> None:
        self._console.print(f"{source.name}: {error}", style="red", markup=False)


def _show_sent(bar: Progress, task: TaskID, sent_bytes: int) -> None:
    bar.update(task, completed=sent_bytes)
