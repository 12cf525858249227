"""Batches: many jobs in one request, and their progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Request, Response, status
from pydantic import BaseModel, ConfigDict

from api.dependencies import IdempotencyKey, ServicesDep
from api.errors import Problem, described, responses
from api.jobs.job_requests import BATCH_SCHEMA, Batch, receive_batch
from shared.domain.errors import BatchNotFound, BodyTooLarge, EmolineError, InvalidConfig, MalformedUpload
from shared.domain.ids import is_id
from shared.domain.job import Job, JobStatus

router = APIRouter(prefix="/v1/batches", tags=["jobs"])

_EXAMPLE = "batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"


class BatchLinksDocument(BaseModel):
    self: str
    jobs: str

    @classmethod
    def of(cls, batch_id: str) -> Self:
        return cls(self=f"/v1/batches/{batch_id}", jobs=f"/v1/jobs?batch_id={batch_id}")


class JobLinkDocument(BaseModel):
    self: str


class BatchJobDocument(BaseModel):
    id: str
    status: JobStatus
    links: JobLinkDocument


class BatchItemDocument(BaseModel):
    """What became of one of the jobs: the job, or why there is none."""

    job: BatchJobDocument | None
    error: Problem | None

    @classmethod
    def of(cls, outcome: Job | EmolineError) -> Self:
        if isinstance(outcome, EmolineError):
            return cls(job=None, error=described(outcome))
        links = JobLinkDocument(self=f"/v1/jobs/{outcome.id}")
        return cls(job=BatchJobDocument(id=outcome.id, status=outcome.state.status, links=links), error=None)


class NewBatchDocument(BaseModel):
    """A batch as it was submitted, its jobs in the order in which they were given."""

    id: str
    items: list[BatchItemDocument]
    links: BatchLinksDocument

    @classmethod
    def of(cls, batch: Batch) -> Self:
        items = list(map(BatchItemDocument.of, batch.outcomes))
        return cls(id=batch.id, items=items, links=BatchLinksDocument.of(batch.id))


class BatchDocument(BaseModel):
    """How far the jobs of a batch are, those that were deleted left out."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    total: int
    ended: int
    """Those that succeeded, failed or were canceled; when it is `total`, the batch is done."""
    counts: dict[JobStatus, int]
    """By status."""
    links: BatchLinksDocument

    @classmethod
    def of(cls, batch_id: str, counts: Mapping[JobStatus, int]) -> Self:
        total = sum(counts.values())
        ended = total - counts[JobStatus.QUEUED] - counts[JobStatus.PROCESSING]
        links = BatchLinksDocument.of(batch_id)
        return cls(id=batch_id, total=total, ended=ended, counts=dict(counts), links=links)


async def _batch_id(
    batch_id: Annotated[str, Path(description="A batch's id, `batch_<uuid>`.", examples=[_EXAMPLE])],
) -> str:
    if not is_id("batch", batch_id):
        raise BatchNotFound
    return batch_id


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(BodyTooLarge, InvalidConfig, MalformedUpload),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": BATCH_SCHEMA}}}},
)
async def submit(
    request: Request, response: Response, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> NewBatchDocument:
    """Submits up to a thousand recordings that lie elsewhere, each as `POST /v1/jobs` does.

    One that cannot be a job is an error in the answer and keeps nothing from the others. Sent again with the same
    `Idempotency-Key`, the jobs are those that there are already.
    """
    batch = await receive_batch(request, services, idempotency_key)
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    return NewBatchDocument.of(batch)


@router.get("/{batch_id}", responses=responses(BatchNotFound))
def batch(batch_id: Annotated[str, Depends(_batch_id)], services: ServicesDep) -> BatchDocument:
    """How many jobs of a batch there are, by status. It is there as long as one of its jobs is."""
    return BatchDocument.of(batch_id, services.reader.batch(batch_id))
