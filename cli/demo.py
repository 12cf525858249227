"""`emoline demo`: a client's steps from the upload to the result, against a running service."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from cli.terminal import print_result, progress_bar, show_progress
from emoline.client import Client, Unsuccessful

_ARTIFACTS = ("heatmap.png", "report.pdf", "report.html")


def run(url: str, file: Path, out: Path, console: Console) -> None:
    """Upload `file`, wait with a progress bar, print the timeline, write the result, heat map and reports into `out`.

    Raises:
        ServiceError, Unsuccessful: the service did not analyse the recording; the message says why.
    """
    with Client(url) as client:
        console.print(f"Emoline runs at {url}. Uploading {escape(file.name)} …")
        submitted = client.submit(file)
        with progress_bar(console) as bar:
            job = client.wait(submitted.id, partial(show_progress, bar, bar.add_task("queued", total=100)))
        if job.status != "succeeded":
            raise Unsuccessful(job)
        result = client.result(job.id)
        out.mkdir(parents=True, exist_ok=True)
        (out / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
        for artifact in _ARTIFACTS:
            client.download(job.id, artifact, out / artifact)
    print_result(result, console)
    for name in ("result.json", *_ARTIFACTS):
        console.print(f"Written: {out / name}")
    console.print("The links of report.pdf need the service, which stops now; report.html has its sounds inside.")
