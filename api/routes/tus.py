"""Uploads by tus 1.0, which many clients speak: at once, or resumed after an interruption (https://tus.io/protocols)."""

from __future__ import annotations

import base64
import binascii
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response, status
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from api.dependencies import UploadId, UploadsDep
from api.errors import responses
from api.jobs.request_body import blocks
from api.media_types import BINARY
from api.middleware.tus_protocol import TUS_PATH, TUS_VERSION
from api.routes.uploads import assemble_upload
from shared.container import Services
from shared.domain.errors import StorageFull, StoreUnavailable
from shared.domain.upload import PartedUpload
from shared.domain.upload_errors import (
    EmptyUpload,
    MalformedUpload,
    NotMedia,
    PartSize,
    TusContentType,
    TusVersion,
    UploadBusy,
    UploadNotFound,
    UploadOffset,
    UploadTooLarge,
    UploadUsed,
)

_CONTENT_TYPE = "application/offset+octet-stream"
_MAX_METADATA = 4096
_METADATA_EXAMPLE = "filename Y2FsbC5tcDM="
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {_CONTENT_TYPE: BINARY}}}


async def _check_version(tus_resumable: Annotated[str | None, Header()] = None) -> None:
    if tus_resumable != TUS_VERSION:
        raise TusVersion


async def _check_content_type(content_type: Annotated[str | None, Header()] = None) -> None:
    if content_type != _CONTENT_TYPE:
        raise TusContentType


router = APIRouter(prefix=TUS_PATH, tags=["uploads"])
_CHECK_VERSION = [Depends(_check_version)]


@router.options("", status_code=status.HTTP_204_NO_CONTENT, include_in_schema=False)
@router.options("/{upload_id}", status_code=status.HTTP_204_NO_CONTENT, include_in_schema=False)
async def options(request: Request, response: Response) -> None:
    """Name the extensions of tus and the largest size. No key is needed."""
    services: Services = request.app.state.services
    response.headers["Tus-Extension"] = "creation,expiration,termination"
    response.headers["Tus-Max-Size"] = str(services.settings.max_upload_bytes)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_class=Response,
    dependencies=_CHECK_VERSION,
    responses=responses(EmptyUpload, MalformedUpload, TusVersion, UploadTooLarge),
)
def create_tus_upload(
    uploads: UploadsDep,
    response: Response,
    upload_length: Annotated[int, Header(ge=0)],
    upload_metadata: Annotated[str | None, Header(max_length=_MAX_METADATA, examples=[_METADATA_EXAMPLE])] = None,
) -> None:
    """Begins an upload by tus. `Location` is where its bytes go, by PATCH."""
    upload = uploads.create(_filename(upload_metadata or ""), upload_length, None, upload_metadata)
    response.headers["Location"] = f"{TUS_PATH}/{upload.id}"
    response.headers["Upload-Expires"] = _expires(upload)


@router.head(
    "/{upload_id}",
    response_class=Response,
    dependencies=_CHECK_VERSION,
    responses=responses(TusVersion, UploadNotFound),
)
def get_tus_offset(upload_id: UploadId, uploads: UploadsDep, response: Response) -> None:
    """How much has come: `Upload-Offset` is where to go on."""
    upload = _check_is_tus(uploads.get(upload_id))
    response.headers["Upload-Offset"], response.headers["Upload-Length"] = str(upload.offset), str(upload.size)
    response.headers["Upload-Expires"] = _expires(upload)
    response.headers["Cache-Control"] = "no-store"
    if upload.metadata is not None:
        response.headers["Upload-Metadata"] = upload.metadata


@router.patch(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[*_CHECK_VERSION, Depends(_check_content_type)],
    responses=responses(
        MalformedUpload,
        NotMedia,
        PartSize,
        StorageFull,
        StoreUnavailable,
        TusContentType,
        TusVersion,
        UploadBusy,
        UploadNotFound,
        UploadOffset,
    ),
    openapi_extra=_BODY,
)
async def continue_tus_upload(
    request: Request,
    response: Response,
    upload_id: UploadId,
    uploads: UploadsDep,
    upload_offset: Annotated[int, Header(ge=0)],
) -> None:
    """Takes the bytes that follow the first `Upload-Offset`. What comes stays, also where the connection breaks.

    With the last the recording is put together, and this is answered when it is. Of two requests that go on with an
    upload at the same time the later one does.
    """
    async with contextmanager_in_threadpool(uploads.append(upload_id, upload_offset)) as upload_writer:
        async for block in blocks(request):
            await run_in_threadpool(upload_writer.write, block)
    upload = upload_writer.upload
    response.headers["Upload-Offset"], response.headers["Upload-Expires"] = str(upload.offset), _expires(upload)
    if upload.offset == upload.size:
        await assemble_upload(uploads, upload_id)


@router.delete(
    "/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=_CHECK_VERSION,
    responses=responses(StoreUnavailable, TusVersion, UploadNotFound, UploadUsed),
)
def delete_tus_upload(upload_id: UploadId, uploads: UploadsDep) -> None:
    """Deletes an upload with what has come of it. Once a job was made of it, delete the job."""
    _check_is_tus(uploads.get(upload_id))
    uploads.delete(upload_id)


def _check_is_tus(upload: PartedUpload) -> PartedUpload:
    if upload.part_bytes is not None:
        raise UploadNotFound
    return upload


def _filename(metadata: str) -> str:
    """Return the name of the file in an Upload-Metadata header, or "". Raises MalformedUpload."""
    pairs = dict(entry.strip().partition(" ")[::2] for entry in metadata.split(","))
    try:
        return base64.b64decode(pairs.get("filename", ""), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise MalformedUpload("The filename in Upload-Metadata is not UTF-8 in Base64.") from error


def _expires(upload: PartedUpload) -> str:
    return format_datetime(upload.expires_at, usegmt=True)
