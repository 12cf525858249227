"""Records of deletions."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from shared.domain.job import Deletion
from shared.schemas.document import Document
from shared.version import VERSION


class DeletionDocument(Document):
    """The certificate of a deletion, as far as this service can tell: it knows nothing of copies and backups."""

    job_id: str = Field(examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    deleted_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    """When the job, its segments, scores, corrections and metadata were deleted from the database."""
    complete: bool = Field(examples=[True])
    """Whether the recording and all other objects of the job are gone from the store too; else that follows."""
    checked_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    emoline_version: str = Field(examples=["0.2.0"])

    @classmethod
    def from_deletion(cls, job_id: str, deletion: Deletion, now: datetime) -> Self:
        return cls(
            job_id=job_id,
            deleted_at=deletion.deleted_at,
            complete=deletion.complete,
            checked_at=now,
            emoline_version=VERSION,
        )
