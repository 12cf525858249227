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
from emoline.client import Client, OnChange, OnSent, ServiceError, Unsuccessful
from emoline.models import JobDocument


@dataclass(frozen=True, slots=True)
class Source:
    """A recording to send: where it is, and what to call it here, a relative path."""

    place: Path | str
    name: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A recording that the service has taken."""

    source: Source
    job: JobDocument


class Sender:
    """Says on `console` what goes wrong with a recording, and goes on with the next."""

    def __init__(self, client: Client, console: Console) -> None:
        self._client = client
        self._console = console

    def send(self, sources: Sequence[Source], config: Mapping[str, Any]) -> list[Sent]:
        """Uploads files, hands on URLs; returns what was taken."""
        taken = []
        with progress_bar(self._console) as bar:
            for source in sources:
                task = bar.add_task(f"{escape(source.name)}: uploading", total=_size(source))
                try:
                    taken.append(Sent(source, self._submit(source, config, partial(_sent, bar, task))))
                except (ServiceError, httpx2.TransportError, OSError) as error:
                    self._complain(source, error)
                bar.remove_task(task)
        return taken

    def wait(self, sent: Sequence[Sent], out: Path | None) -> int:
        """Waits until all have ended and returns how many have succeeded. Each result becomes `out/<name>.json`."""
        succeeded = 0
        with progress_bar(self._console) as bar:
            all_of_them = bar.add_task("", total=len(sent))
            for number, one in enumerate(sent, 1):
                bar.update(all_of_them, completed=number - 1, description=f"recording {number} of {len(sent)}")
                task = bar.add_task(escape(one.source.name), total=100)
                try:
                    self._end(one, out, partial(show_progress, bar, task, name=one.source.name))
                    succeeded += 1
                except (ServiceError, Unsuccessful, httpx2.TransportError, OSError) as error:
                    self._complain(one.source, error)
                bar.remove_task(task)
            bar.update(all_of_them, completed=len(sent))
        return succeeded

    def _submit(self, source: Source, config: Mapping[str, Any], on_sent: OnSent) -> JobDocument:
        if isinstance(source.place, str):
            return self._client.submit_url(source.place, **config)
        return self._client.submit(source.place, on_sent=on_sent, **config)

    def _end(self, sent: Sent, out: Path | None, on_change: OnChange) -> None:
        job = self._client.wait(sent.job.id, on_change)
        if job.status != "succeeded":
            raise Unsuccessful(job)
        if out:
            file = out / f"{sent.source.name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._client.result(job.id).model_dump_json(indent=2), encoding="utf-8")

    def _complain(self, source: Source, error: Exception) -> None:
        self._console.print(f"{source.name}: {error}", style="red", markup=False)


def _size(source: Source) -> int | None:
    return source.place.stat().st_size if isinstance(source.place, Path) else None


def _sent(bar: Progress, task: TaskID, so_far: int) -> None:
    bar.update(task, completed=so_far)
