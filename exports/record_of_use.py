"""The record of use: a row for each job, with its purpose and whose voice was analysed, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from exports.csv import escape_formula
from shared.domain.job import Job

COLUMNS = (
    "job_id",
    "submitted_at",
    "finished_at",
    "status",
    "file",
    "purpose",
    "legal_basis",
    "roles",
    "analyse",
    "emotions",
    "model_id",
    "model_sha256",
    "key_id",
    "audio_deleted",
    "expires_at",
)
_BYTE_ORDER_MARK = "\ufeff"


def record_csv(jobs: Iterable[Job]) -> Iterator[bytes]:
    """Yield the lines of the record in UTF-8 with a byte order mark, which Excel needs."""
    yield (_BYTE_ORDER_MARK + _line(COLUMNS)).encode()
    for job in jobs:
        yield _line(_cells(job)).encode()


def _cells(job: Job) -> Iterator[str]:
    options, model = job.options, job.model
    times = (job.created_at, job.finished_at)
    yield from (job.id, *(time.isoformat() if time else "" for time in times), job.state.status.value)
    texts = (
        job.recording.filename,
        options.purpose or "",
        options.legal_basis or "",
        " ".join(options.roles),
        "all" if options.analyse is None else " ".join(map(str, options.analyse)),
        "all" if options.emotions is None else " ".join(options.emotions),
    )
    yield from map(escape_formula, texts)
    yield from (model.id if model else "", model.sha256 if model else "", job.key_id or "")
    yield from ("yes" if job.audio_deleted else "no", job.expires_at.isoformat() if job.expires_at else "")


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
