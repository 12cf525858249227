"""Records for those who answer for the use of the service: of all jobs, and of the deletion of one."""

from __future__ import annotations

from itertools import chain, islice
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.content_negotiation import CSV
from api.dependencies import JobId, ServicesDep
from api.errors import responses
from api.media_types import TEXT
from exports.record_of_use import record_csv
from shared.domain.errors import JobNotDeleted, JobNotFound
from shared.ports import JobFilter
from shared.schemas.fields import Time
from shared.schemas.records import DeletionDocument
from shared.services.job_reader import each_job

router = APIRouter(prefix="/v1", tags=["records"])


@router.get(
    "/record-of-use",
    response_class=StreamingResponse,
    responses={200: {"content": {CSV: TEXT}, "description": "A row for each job."}, **responses()},
)
def get_record_of_use(
    services: ServicesDep,
    created_after: Annotated[Time | None, Query(description="Only jobs submitted after this time.")] = None,
    created_before: Annotated[Time | None, Query(description="Only jobs submitted before this time.")] = None,
) -> StreamingResponse:
    """The jobs with their purpose, legal basis, roles and model, the newest first; deleted jobs are not among them."""
    jobs = each_job(services.jobs, JobFilter(created_after=created_after, created_before=created_before))
    first = list(islice(jobs, 1))  # before the response begins, which may be an error
    headers = {"Content-Disposition": 'attachment; filename="record-of-use.csv"'}
    return StreamingResponse(record_csv(chain(first, jobs)), media_type=CSV, headers=headers)


@router.get("/jobs/{job_id}/deletion", responses=responses(JobNotFound, JobNotDeleted))
def get_deletion_certificate(job_id: JobId, services: ServicesDep) -> DeletionDocument:
    """When a job was deleted, and whether all of its recording, segments and results are gone from the store."""
    return DeletionDocument.from_deletion(job_id, services.jobs.deletion(job_id), services.clock.now())
