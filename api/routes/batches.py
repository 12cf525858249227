"""Batches: many jobs in one request, and their progress."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response, status

from api.dependencies import IdempotencyKey, ServicesDep
from api.errors import error_document, responses
from api.jobs.job_requests import receive_batch
from shared.domain.errors import BatchNotFound, BodyTooLarge, EmolineError, InvalidConfig
from shared.domain.ids import is_id
from shared.domain.upload_errors import MalformedUpload
from shared.schemas.batches import BatchDocument, NewBatchDocument
from shared.schemas.job_requests import batch_request_schema

router = APIRouter(prefix="/v1/batches", tags=["jobs"])

_EXAMPLE = "batch_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"


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
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": batch_request_schema()}},
        }
    },
)
async def submit_batch(
    request: Request, response: Response, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> NewBatchDocument:
    """Submits up to a thousand recordings that lie elsewhere, each as `POST /v1/jobs` does.

    One that cannot be a job is an error in the answer and keeps nothing from the others. Sent again with the same
    `Idempotency-Key`, the jobs are those that there are already.
    """
    batch = await receive_batch(request, services, idempotency_key)
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    outcomes = [error_document(item) if isinstance(item, EmolineError) else item for item in batch.outcomes]
    return NewBatchDocument.from_outcomes(batch.id, outcomes)


@router.get("/{batch_id}", responses=responses(BatchNotFound))
def get_batch(batch_id: Annotated[str, Depends(_batch_id)], services: ServicesDep) -> BatchDocument:
    """How many jobs of a batch there are, by status. It is there as long as one of its jobs is."""
    return BatchDocument.from_counts(batch_id, services.reader.batch(batch_id))
