"""Uploads in parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.upload import (
    LEAST_PART_BYTES,
    MOST_PART_BYTES,
    USUAL_PART_BYTES,
    PartedUpload,
    PartView,
    UploadState,
)


class UploadRequest(BaseModel):
    """What is to come."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(default="", description="Name to show.", examples=["call.mp3"])
    size_bytes: int = Field(ge=1, description="Of the whole recording.", examples=[10_000_000_000])
    part_bytes: int = Field(
        default=USUAL_PART_BYTES,
        ge=LEAST_PART_BYTES,
        le=MOST_PART_BYTES,
        description="Of each part but the last. It is made larger where there would be more than 1,000.",
    )


class CompleteRequest(BaseModel):
    """What the recording should be."""

    model_config = ConfigDict(extra="forbid")

    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$", description="Of the whole recording.")


class PartDocument(BaseModel):
    number: int = Field(examples=[1])
    offset: int = Field(examples=[0])
    size_bytes: int = Field(examples=[67108864])
    stored: bool = Field(examples=[False])
    url: str | None = Field(examples=[None])
    """Takes the part by PUT; null when it is there. One that begins with `/` is a path of this service."""

    @classmethod
    def from_part(cls, upload_id: str, view: PartView) -> Self:
        path = None if view.stored else f"/v1/uploads/{upload_id}/parts/{view.part.number}"
        return cls(
            number=view.part.number,
            offset=view.part.offset,
            size_bytes=view.part.size,
            stored=view.stored,
            url=view.url or path,
        )


class UploadDocument(BaseModel):
    """An upload and what has come of it."""

    id: str = Field(examples=["upl_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    state: UploadState
    filename: str = Field(examples=["call.mp3"])
    size_bytes: int = Field(examples=[10000000000])
    received_bytes: int = Field(examples=[67108864])
    part_bytes: int | None = Field(examples=[67108864])
    """Null over tus."""
    parts: list[PartDocument]
    """All parts of an open upload; none over tus."""
    sha256: str | None = Field(examples=[None])
    """Hash of the whole recording, null until it is complete."""
    job_id: str | None = Field(examples=[None])
    """The job that was made of it."""
    created_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    expires_at: datetime = Field(examples=["2026-11-24T09:00:00Z"])

    @classmethod
    def from_upload(cls, upload: PartedUpload, parts: Sequence[PartView]) -> Self:
        received_bytes = upload.size
        if upload.state is UploadState.OPEN:
            received_bytes = upload.offset + sum(view.part.size for view in parts if view.stored)
        return cls(
            id=upload.id,
            state=upload.state,
            filename=upload.filename,
            size_bytes=upload.size,
            received_bytes=received_bytes,
            part_bytes=upload.part_bytes,
            parts=[PartDocument.from_part(upload.id, view) for view in parts],
            sha256=upload.sha256,
            job_id=upload.job_id if upload.state is UploadState.USED else None,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
        )
