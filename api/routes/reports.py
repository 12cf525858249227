"""The report of a job, to read and to hand on: as PDF, and as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import JobId, ServicesDep
from api.errors import responses
from reports import html, pdf
from reports.findings import find
from reports.style import policy
from reports.subject import Sound, Subject
from reports.texts import Language
from shared.container import Services
from shared.domain.errors import AudioDeleted, JobDeleted, JobNotFound, NoResult, ObjectNotFound, ResultNotReady
from shared.domain.job import Job
from shared.domain.timeline import Result

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_ERRORS = responses(JobNotFound, JobDeleted, ResultNotReady, NoResult)

Lang = Annotated[Language, Query(description="The language of the report.")]


@router.get(
    "/report.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The report, to print."}, **_ERRORS},
)
def report_pdf(request: Request, job_id: JobId, services: ServicesDep, lang: Lang = "en") -> Response:
    """The report as PDF: what happened when, key segments with links that play, shares, coverage, and its limits."""
    job, result = services.read.result(job_id)
    place = _place(request)
    document = pdf.render(_subject(job, result, Sound(_links(job, result, place), {}, place, job.audio_deleted)), lang)
    return _answer(document, "application/pdf", job_id, "pdf")


@router.get(
    "/report.html",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "The report, with sound inside."}, **_ERRORS},
)
def report_html(request: Request, job_id: JobId, services: ServicesDep, lang: Lang = "en") -> Response:
    """The report as one file that needs no network: the key segments can be played in it, and all segments are listed.

    At most 5 MB of it are sound; where the job's `retention` has deleted the sound, it says so.
    """
    job, result = services.read.result(job_id)
    place, clips = _place(request), dict(_clips(services, job, result))
    subject = _subject(job, result, Sound(_links(job, result, place), clips, place, job.audio_deleted))
    answer = _answer(html.render(subject, lang).encode(), "text/html", job_id, "html")
    answer.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return answer


def _subject(job: Job, result: Result, sound: Sound) -> Subject:
    return Subject(job.recording, result, job.options, sound, job.id, job.finished_at)


def _place(request: Request) -> str:
    """The service, as who asks reaches it."""
    return str(request.base_url).rstrip("/")


def _links(job: Job, result: Result, place: str) -> dict[int, str]:
    if job.audio_deleted:
        return {}
    indices = (found.segment.index for found in result.segments)
    return {index: f"{place}/v1/jobs/{job.id}/segments/{index}/audio" for index in indices}


def _clips(services: Services, job: Job, result: Result) -> Iterator[tuple[int, bytes]]:
    for index in find(result, job.options.aggregation.min_confidence).key_indices:
        with suppress(AudioDeleted, ObjectNotFound):  # it may be deleted at any time
            yield index, services.read.segment_sound(job.id, index)


def _answer(document: bytes, media_type: str, job_id: str, suffix: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{job_id}.{suffix}"'}
    return Response(document, media_type=media_type, headers=headers)
