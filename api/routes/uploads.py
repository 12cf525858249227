"""Uploads in parts, one request for each part."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response, status
from fastapi.concurrency import contextmanager_in_threadpool, iterate_in_threadpool, run_in_threadpool

from api.dependencies import UploadId, UploadsDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from api.jobs.request_body import blocks
from api.media_types import BINARY
from shared.domain.errors import StorageFull, StoreUnavailable
from shared.domain.upload_errors import (
    ChecksumMismatch,
    MalformedUpload,
    NotMedia,
    PartNotFound,
    PartSize,
    UploadBusy,
    UploadComplete,
    UploadIncomplete,
    UploadNotFound,
    UploadTooLarge,
    UploadUsed,
)
from shared.schemas.uploads import CompleteRequest, UploadDocument, UploadRequest
from shared.services.uploads import Uploads

router = APIRouter(prefix="/v1/uploads", tags=["uploads"], route_class=JsonRoute)

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": BINARY},
    }
}


async def assemble_upload(uploads: Uploads, upload_id: str, sha256: str | None = None) -> None:
    """Assemble an upload in threads, in many short steps. Raises the errors of `Uploads.completing`."""
    with closing(uploads.completing(upload_id, sha256)) as steps:
        async for _ in iterate_in_threadpool(steps):
            pass


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses(UploadTooLarge, StoreUnavailable))
def create_upload(body: UploadRequest, uploads: UploadsDep, response: Response) -> UploadDocument:
    """Begins an upload, whose `parts` are then PUT to their URLs: in any order, several at a time, again if need be.
    After the last, complete it.

    What is not completed is deleted when it expires.
    """
    upload = uploads.create(body.filename, body.size_bytes, body.part_bytes)
    response.headers["Location"] = f"/v1/uploads/{upload.id}"
    return UploadDocument.from_upload(upload, uploads.parts(upload))


@router.get("/{upload_id}", responses=responses(UploadNotFound, StoreUnavailable))
def get_upload(upload_id: UploadId, uploads: UploadsDep) -> UploadDocument:
    """What has come, and fresh URLs for what has not: from here a client goes on that was interrupted."""
    parted_upload = uploads.get(upload_id)
    return UploadDocument.from_upload(parted_upload, uploads.parts(parted_upload))


@router.put(
    "/{upload_id}/parts/{number}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(
        MalformedUpload, PartNotFound, PartSize, StorageFull, StoreUnavailable, UploadComplete, UploadNotFound
    ),
    openapi_extra=_BODY,
)
async def put_part(
    request: Request, upload_id: UploadId, number: Annotated[int, Path(examples=[1])], uploads: UploadsDep
) -> None:
    """Takes a part, whole or not at all; the body is its bytes. Where the store has URLs, parts should go there."""
    async with contextmanager_in_threadpool(uploads.receive_part(upload_id, number)) as part:
        async for block in blocks(request):
            await run_in_threadpool(part.write, block)


@router.post(
    "/{upload_id}/complete",
    responses=responses(
        ChecksumMismatch, NotMedia, StorageFull, StoreUnavailable, UploadBusy, UploadIncomplete, UploadNotFound
    ),
)
async def complete_upload(
    upload_id: UploadId, uploads: UploadsDep, wanted: CompleteRequest | None = None
) -> UploadDocument:
    """Puts the recording together, which takes a minute or two for a large one; a second time does no harm.

    A job can be made of it then, once.
    """
    await assemble_upload(uploads, upload_id, wanted.sha256 if wanted else None)
    return UploadDocument.from_upload(await run_in_threadpool(uploads.get, upload_id), ())


@router.delete(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(StoreUnavailable, UploadNotFound, UploadUsed),
)
def delete_upload(upload_id: UploadId, uploads: UploadsDep) -> None:
    """Deletes an upload with what has come of it. Once a job was made of it, delete the job."""
    uploads.delete(upload_id)
