"""Storage of uploads in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.job import Job
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.upload import PartedUpload


@dataclass(frozen=True, slots=True)
class UploadClaim:
    """An upload that one request may continue. `fence` grows with each claim."""

    upload: PartedUpload
    fence: int


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A stored part of an upload: its object's key and its size in bytes."""

    key: str
    size: int


class UploadStore(Protocol):
    """The truth about uploads in parts. Every method is one transaction. An expired upload is not found.

    A method with a claim raises UploadBusy where another request has claimed the upload since, or it was deleted.
    """

    def add(self, upload: PartedUpload, limits: Limits = UNLIMITED) -> None:
        """Store a new upload, which counts as a job of its size. Raises TooManyOpenJobs, QuotaExceeded, QueueFull."""
        ...

    def get(self, tenant: str, upload_id: str) -> PartedUpload:
        """Return an upload. Raises UploadNotFound."""
        ...

    def appended_parts(self, upload_id: str) -> Sequence[StoredPart]:
        """Return the parts that came over tus, in their order."""
        ...

    def claim_to_append(self, tenant: str, upload_id: str, offset: int) -> UploadClaim:
        """Claim an upload over tus, away from an earlier request, whose connection may be dead.

        Raises:
            UploadNotFound.
            UploadOffset: the upload does not continue at `offset`.
        """
        ...

    def append(self, claim: UploadClaim, part: StoredPart) -> UploadClaim:
        """Add a stored part to the end of the upload, and extend the upload's life."""
        ...

    def claim_to_complete(self, tenant: str, upload_id: str, job_id: str) -> UploadClaim:
        """Lease an upload to join its parts, and extend its life. It gets `job_id` unless it has a job id already.

        Raises:
            UploadNotFound.
            UploadComplete: its parts were joined already.
            UploadBusy: its parts are being joined.
        """
        ...

    def renew(self, claim: UploadClaim) -> None:
        """Extend the lease."""
        ...

    def release(self, claim: UploadClaim) -> None:
        """End the lease. A lease of another request stays."""
        ...

    def complete(self, claim: UploadClaim, source_key: str, sha256: str) -> None:
        """Mark the upload as joined into the object `source_key`."""
        ...

    def use(self, upload: PartedUpload, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        """Add the job of a complete upload, and mark the upload as used.

        Returns the tenant's job with the same idempotency key where there is one, and then adds none.

        Raises:
            UploadNotFound.
            UploadUsed: the upload has another job.
            TooManyOpenJobs, QuotaExceeded, QueueFull.
        """
        ...

    def delete(self, tenant: str, upload_id: str) -> PartedUpload:
        """Delete an upload; its row stays until its objects are deleted too. Raises UploadNotFound, UploadUsed."""
        ...

    def delete_expired(self) -> Sequence[PartedUpload]:
        """Delete some of the expired uploads without a job, as `delete` does, and return them."""
        ...

    def purgeable(self) -> Sequence[PartedUpload]:
        """Return some of the deleted or used uploads to which no client can still send anything."""
        ...

    def mark_purged(self, upload_id: str) -> None:
        """Delete the row of an upload whose objects are deleted."""
        ...
