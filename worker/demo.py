"""`emoline demo`: what a client does, from the upload to the result, against a service that lives as long."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
from rich.console import Console

from shared.documents.job import JobDocument
from shared.documents.result import ResultDocument
from worker.terminal import print_result, progress_bar

_POLL_S = 0.3
_TIMEOUT_S = 60


class DemoFailed(Exception):
    """The service did not analyse the recording; the message says why."""


def run(url: str, file: Path, out: Path, console: Console) -> None:
    """Uploads `file`, waits with a progress bar, prints the timeline, writes `out/result.json`. Raises DemoFailed."""
    with httpx2.Client(base_url=url, timeout=_TIMEOUT_S) as client:
        console.print(f"Emoline runs at {url}. Uploading {file.name} …")
        job = _submit(client, file)
        job = _wait(client, job, console)
        if job.error:
            raise DemoFailed(f"{job.error.message} ({job.error.code})")
        answer = _checked(client.get(job.links.result))
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_bytes(answer.content)
    print_result(ResultDocument.model_validate_json(answer.content), console)
    console.print(f"Written: {out / 'result.json'}")


def _submit(client: httpx2.Client, file: Path) -> JobDocument:
    with file.open("rb") as opened:
        return _job(client.post("/v1/jobs", files={"file": (file.name, opened)}))


def _wait(client: httpx2.Client, job: JobDocument, console: Console) -> JobDocument:
    with progress_bar(console) as bar:
        task = bar.add_task("queued", total=100)
        while job.finished_at is None:
            time.sleep(_POLL_S)
            job = _job(client.get(job.links.self))
            done, total = job.progress.segments_done, job.progress.segments_total
            bar.update(
                task, completed=job.progress.percent, description=f"{job.stage or job.status} {done}/{total} segments"
            )
    return job


def _job(answer: httpx2.Response) -> JobDocument:
    return JobDocument.model_validate_json(_checked(answer).content)


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_error:
        raise DemoFailed(f"{answer.json()['detail']} ({answer.json()['code']})")
    return answer
