"""The report of a job, as PDF and as one HTML file."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY, TEXT
from api.middleware.request_log import TENANT
from api.parameters import Corrected
from api.render_pool import RenderPool
from api.routes.pictures import load_heatmap_data
from reports.findings import collect_findings
from reports.heatmap_input import HeatmapSize
from reports.rendering import render_html, render_pdf
from reports.report_input import ReportInput, SegmentAudio
from reports.style import content_security_policy
from reports.texts import Language
from shared.container import Services
from shared.domain.errors import (
    AudioDeleted,
    JobDeleted,
    JobNotFound,
    NoResult,
    ObjectNotFound,
    ResultNotReady,
    TooManyPictures,
)
from shared.domain.recording import to_ms

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_ERRORS = responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, TooManyPictures)

Lang = Annotated[Language, Query(description="The language of the report.")]


@router.get(
    "/report.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": BINARY}, "description": "The report, to print."}, **_ERRORS},
)
async def get_pdf_report(
    request: Request, job_id: JobId, services: ServicesDep, lang: Lang = "en", corrected: Corrected = True
) -> Response:
    """The report as PDF: what happened when, key segments with links that play, shares, coverage, and its limits."""
    render_pool: RenderPool = request.app.state.render_pool
    async with render_pool.turn(request.scope[TENANT]):
        report = await run_in_threadpool(
            _load_input, services, job_id, _base_url(request), with_clips=False, corrected=corrected
        )
        document = await render_pool.run(render_pdf, report, lang)
    return Response(document, media_type="application/pdf", headers=_report_name(report, "pdf"))


@router.get(
    "/report.html",
    response_class=Response,
    responses={200: {"content": {"text/html": TEXT}, "description": "The report, with sound inside."}, **_ERRORS},
)
async def get_html_report(
    request: Request, job_id: JobId, services: ServicesDep, lang: Lang = "en", corrected: Corrected = True
) -> Response:
    """The report as one file that needs no network: the key segments can be played in it, and all segments are listed.

    At most 5 MB of it are sound; where the job's `retention` has deleted the sound, it says so.
    """
    render_pool: RenderPool = request.app.state.render_pool
    async with render_pool.turn(request.scope[TENANT]):
        report = await run_in_threadpool(
            _load_input, services, job_id, _base_url(request), with_clips=True, corrected=corrected
        )
        document = await render_pool.run(render_html, report, lang)
    headers = {"Content-Security-Policy": f"{content_security_policy()}; frame-ancestors 'none'"}
    return Response(document, media_type="text/html", headers=headers | _report_name(report, "html"))


def _load_input(services: Services, job_id: str, base_url: str, *, with_clips: bool, corrected: bool) -> ReportInput:
    job, result = services.reader.result(job_id, corrected=corrected)
    clips: dict[int, bytes] = {}
    if with_clips:
        for index in collect_findings(result).key_indices:
            with suppress(AudioDeleted, ObjectNotFound):  # it may be deleted at any time
                _, clips[index] = services.reader.segment_audio(job_id, index)
    # To the page, which asks people for a key where the service needs one.
    page = f"{base_url}/#/jobs/{job_id}"
    segments = [] if job.audio_deleted else [each.segment for each in result.segments]
    links = {segment.index: f"{page}?t={to_ms(segment.start) / 1000:.1f}&play=1" for segment in segments}
    heatmap = None
    if result.timeline:
        with suppress(ObjectNotFound):  # the job was analysed before frames were kept
            _, heatmap = load_heatmap_data(services, job_id, None, HeatmapSize(), corrected=corrected)
    audio = SegmentAudio(links, clips, base_url, job.audio_deleted)
    conversation = services.speech_store.conversation(job, result.segments)
    return ReportInput(job.recording, result, job.options, audio, job_id, job.finished_at, heatmap, conversation)


def _base_url(request: Request) -> str:
    """The base URL of the service, as the client reaches it."""
    return str(request.base_url).rstrip("/")


def _report_name(report: ReportInput, ending: str) -> dict[str, str]:
    return content_disposition(report.recording.filename, f"-report.{ending}", "inline")
