"""Results in the formats of other programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.file_names import content_disposition
from api.media_types import BINARY
from api.parameters import Corrected
from exports.formats import WRITERS, ExportFormat
from shared.domain.errors import JobDeleted, JobNotFound, NoResult, ResultNotReady

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {"content": {writer.media_type: BINARY for writer in WRITERS.values()}, "description": "The file."},
        **responses(JobNotFound, JobDeleted, ResultNotReady, NoResult),
    },
)
def export_job(
    job_id: JobId,
    services: ServicesDep,
    to: Annotated[ExportFormat, Query(alias="format", description="docs/exports.md says what is in each.")] = (
        ExportFormat.CSV
    ),
    corrected: Corrected = True,
) -> Response:
    """The segments as a table or as labels, the timeline as subtitles; with the corrections where there is room."""
    job, result = services.reader.result(job_id, corrected=corrected)
    writer = WRITERS[to]
    headers = content_disposition(job.recording.filename, writer.suffix)
    return Response(writer.write(job.recording, result), media_type=writer.media_type, headers=headers)
