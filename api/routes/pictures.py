"""What a job looks like: the waveform of its recording."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import JobId, ServicesDep
from api.errors import responses
from api.formats import written
from shared.documents.waveform import WaveformDocument
from shared.domain.errors import JobDeleted, JobNotFound, NoResult, NoWaveform, ResultNotReady
from shared.domain.recording import from_ms

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_MOST_MS = 10**9
"""Eleven days."""


@router.get(
    "/waveform",
    response_model=WaveformDocument,
    responses=responses(JobNotFound, JobDeleted, ResultNotReady, NoResult, NoWaveform),
)
def waveform(
    job_id: JobId,
    services: ServicesDep,
    channel: Annotated[int | None, Query(ge=0, le=63, description="Only this channel.")] = None,
    start_ms: Annotated[int, Query(ge=0, le=_MOST_MS)] = 0,
    end_ms: Annotated[int | None, Query(ge=0, le=_MOST_MS, description="By default the end of the recording.")] = None,
    points: Annotated[int, Query(ge=1, le=20_000, description="Fewer come where it is under 20 ms to each.")] = 2_000,
) -> Response:
    """Lowest and highest samples of the channels that are analysed; there as soon as the recording is decoded."""
    end = None if end_ms is None else from_ms(end_ms)
    job, found = services.waveforms.read(job_id, from_ms(start_ms), end)
    chosen = tuple(number for number in found.channels if channel in (None, number))
    return written(WaveformDocument.of(found.of(chosen).reduced(points), job.recording.role))
