"""Pictures of a job: the waveform of its recording, and the heat map of its scores."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.content_negotiation import json_response
from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY
from api.middleware.request_log import TENANT
from api.parameters import Corrected
from api.render_pool import RenderPool
from reports.heatmap_input import HeatmapData, HeatmapSize, collect_heatmap_data
from reports.rendering import draw_heatmap
from reports.texts import Language
from shared.container import Services
from shared.domain.errors import (
    InvalidRequest,
    JobDeleted,
    JobNotFound,
    NoResult,
    NoWaveform,
    ObjectNotFound,
    ResultNotReady,
    TooManyPictures,
)
from shared.domain.recording import from_ms
from shared.schemas.waveform import WaveformDocument

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_MAX_MS = 10**9
"""Eleven days."""


@router.get(
    "/waveform",
    response_model=WaveformDocument,
    responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, NoWaveform),
)
def get_waveform(
    job_id: JobId,
    services: ServicesDep,
    channel: Annotated[int | None, Query(ge=0, le=63, description="Only this channel.")] = None,
    start_ms: Annotated[int, Query(ge=0, le=_MAX_MS)] = 0,
    end_ms: Annotated[int | None, Query(ge=0, le=_MAX_MS, description="By default the end of the recording.")] = None,
    points: Annotated[int, Query(ge=1, le=20_000, description="Fewer come where it is under 20 ms to each.")] = 2_000,
) -> Response:
    """Lowest and highest samples of the channels that are analysed; there as soon as the recording is decoded."""
    end = None if end_ms is None else from_ms(end_ms)
    job, stored = services.waveform_store.read(job_id, from_ms(start_ms), end)
    channels = tuple(number for number in stored.channels if channel in (None, number))
    selected = stored.select_channels(channels).reduced(points)
    return json_response(WaveformDocument.from_waveform(selected, job.recording.role))


@router.get(
    "/heatmap.png",
    response_class=Response,
    responses={
        200: {
            "content": {"image/png": BINARY},
            "description": "A picture: all scores over time, by channel.",
        },
        **responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, ObjectNotFound, TooManyPictures),
    },
)
async def get_heatmap(
    request: Request,
    job_id: JobId,
    services: ServicesDep,
    channel: Annotated[int | None, Query(ge=0, le=63, description="Only this channel.")] = None,
    lang: Annotated[Language, Query(description="Of what is written.")] = "en",
    width: Annotated[int, Query(ge=600, le=4000, description="In pixels.")] = 1600,
    corrected: Corrected = True,
) -> Response:
    """A picture of the scores over time, under the waveform and the emotions found.

    A column has the mean over the 3 s around it, or over its own time where that is longer.
    Where nobody speaks it is white, what was skipped is hatched. Recordings of any length have the same width.
    """
    render_pool: RenderPool = request.app.state.render_pool
    async with render_pool.turn(request.scope[TENANT]):
        filename, data = await run_in_threadpool(
            load_heatmap_data, services, job_id, channel, HeatmapSize(width), corrected=corrected
        )
        png = await render_pool.run(draw_heatmap, data, lang)
    headers = content_disposition(filename, "-heatmap.png", "inline")
    return Response(png, media_type="image/png", headers=headers)


def load_heatmap_data(
    services: Services, job_id: str, channel: int | None, size: HeatmapSize, *, corrected: bool
) -> tuple[str, HeatmapData]:
    """Load the name of a job's recording and the data of its heat map.

    Raises the errors of the route, and InvalidRequest for a wrong channel.
    """
    job, result = services.reader.result(job_id, corrected=corrected)
    try:
        _, waveform = services.waveform_store.read(job_id)
    except NoWaveform:  # the heat map is drawn without it
        waveform = None
    _, labels, frames = services.frame_store.logits(job_id, channel)
    data = collect_heatmap_data(
        job.recording, result, labels, frames, waveform, duration=job.prepared, size=size, channel=channel
    )
    if not data.channels:
        raise InvalidRequest(f"No channel {channel} of the recording was analysed.")
    return job.recording.filename, data
