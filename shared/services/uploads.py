"""Uploads in several requests: creation, parts and appended bytes, completion, and submission as a job.

The row exists before the first object and is deleted after the last, so that no object is orphaned. The recording is
joined under the key of its future job, which thus needs no copy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import uuid_utils

from shared.domain.errors import Outage
from shared.domain.job import Job
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.upload import LASTS, Part, PartedUpload, PartView, UploadState, part_bytes_for
from shared.domain.upload_errors import (
    ChecksumMismatch,
    EmptyUpload,
    MalformedUpload,
    UploadComplete,
    UploadIncomplete,
    UploadTooLarge,
)
from shared.ports import ObjectStore, Queue, StoredPart, UploadClaim, UploadStore
from shared.services.object_keys import job_prefix, joined_key, part_key, upload_prefix
from shared.services.part_writers import AppendWriter, PartWriter
from shared.services.recording_digest import RecordingDigest
from shared.services.submission import JobSubmission, display_name, same_job

_BLOCK_BYTES = 1 << 20
_RENEW_EVERY = timedelta(seconds=30)
_MOST_NAMED = 10
"""The most parts that an error message lists."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """Manages the uploads of the tenant of `submission`. Methods with an `upload_id` raise UploadNotFound."""

    store: UploadStore
    submission: JobSubmission

    def create(self, filename: str, size: int, part_bytes: int | None, metadata: str | None = None) -> PartedUpload:
        """Create an upload of `size` bytes, in parts of about `part_bytes` bytes or, if that is None, over tus.

        Raises EmptyUpload, UploadTooLarge, TooManyOpenJobs, QuotaExceeded, QueueFull.
        """
        if not size:
            raise EmptyUpload
        if size > self.submission.max_bytes:
            raise UploadTooLarge
        now = self.submission.clock.now()
        upload = PartedUpload(
            id=f"upl_{uuid_utils.uuid7()}",
            tenant=self.submission.tenant,
            filename=display_name(filename),
            size=size,
            part_bytes=part_bytes_for(size, part_bytes) if part_bytes else None,
            created_at=now,
            expires_at=now + LASTS,
            metadata=metadata,
        )
        self.store.add(upload, self.submission.limits)
        return upload

    def get(self, upload_id: str) -> PartedUpload:
        """Return an upload."""
        return self.store.get(self.submission.tenant, upload_id)

    def parts(self, upload: PartedUpload) -> Sequence[PartView]:
        """Return the parts of an open upload in order; none for an upload over tus or in another state."""
        if upload.state is not UploadState.OPEN or upload.part_bytes is None:
            return ()
        stored = self._stored_parts(upload)
        lasts_s = max(1, int((upload.expires_at - self.submission.clock.now()).total_seconds()))

        def put_url(part: Part) -> str | None:
            return self._objects.put_url(part_key(upload.id, part.number), part.size, lasts_s)

        return [PartView(part, part in stored, None if part in stored else put_url(part)) for part in upload.parts]

    @contextmanager
    def receive_part(self, upload_id: str, number: int) -> Iterator[PartWriter]:
        """Open a writer for a part, which replaces it; it is dropped where the context is left by an exception.

        Raises PartNotFound, UploadComplete, PartSize.
        """
        upload = self.get(upload_id)
        part = upload.part(number)
        if upload.state is not UploadState.OPEN:
            raise UploadComplete
        with self._objects.writer(part_key(upload_id, number)) as writer:
            part_writer = PartWriter(writer, part.size)
            yield part_writer
            part_writer.finish()

    @contextmanager
    def append(self, upload_id: str, offset: int) -> Iterator[AppendWriter]:
        """Open a writer for the bytes after the first `offset` bytes of an upload over tus.

        They are saved where the context is left without an exception or by MalformedUpload, which means that the
        connection broke; else they are dropped.

        Raises UploadOffset, UploadBusy.
        """
        claim = self.store.claim_to_append(self.submission.tenant, upload_id, offset)
        writer = AppendWriter(self.store, self._objects, claim)
        try:
            yield writer
        except MalformedUpload:
            writer.save()
            raise
        except BaseException:
            writer.drop()
            raise
        writer.save()

    def completing(self, upload_id: str, sha256: str | None = None) -> Generator[None, None, None]:
        """Join the bytes of an upload to its recording, block by block with each step of the generator.

        Only the checksum is compared where the upload is complete already.

        Raises:
            UploadIncomplete: bytes are missing.
            UploadBusy: another request is joining the upload.
            ChecksumMismatch: the recording has another SHA-256 than `sha256`, hex digits.
            NotMedia, StorageFull.
        """
        upload = self.get(upload_id)
        if upload.state is UploadState.OPEN:
            yield from self._complete(upload, sha256)
        else:
            _check_sha256(upload.sha256, sha256)
        self._objects.delete_prefix(upload_prefix(upload_id))  # also where an earlier attempt died before this line

    def submit(
        self, upload_id: str, options: JobOptions, idempotency_key: str | None = None, batch_id: str | None = None
    ) -> Job:
        """Add the job of an upload, which is completed first, or return the job that has the same idempotency key.

        Raises:
            EndpointNotFound: the options name an unknown webhook endpoint.
            UploadUsed: the upload has another job.
            IdempotencyMismatch: the job with the same key has another recording or other options.
            UploadIncomplete, UploadBusy, NotMedia, StorageFull, TooManyOpenJobs, QuotaExceeded, QueueFull.
        """
        self.submission.check(options)
        deque(self.completing(upload_id), maxlen=0)
        upload = self.get(upload_id)
        assert upload.job_id
        assert upload.source_key
        assert upload.sha256
        recording = Recording(upload.filename, upload.size, upload.sha256, upload.source_key)
        job = self.submission.job(upload.job_id, recording, options, idempotency_key, batch_id)
        existing = self.store.use(upload, job, self.submission.limits)
        if existing is not None:
            return same_job(existing, job)
        self.submission.wake_ups.wake(Queue.PREPARE)
        return job

    def delete(self, upload_id: str) -> None:
        """Delete an upload in any state but `used`, with its objects. Raises UploadUsed."""
        delete_objects(self._objects, self.store.delete(self.submission.tenant, upload_id))

    @property
    def _objects(self) -> ObjectStore:
        return self.submission.objects

    def _stored_parts(self, upload: PartedUpload) -> set[Part]:
        sizes = self._objects.sizes(upload_prefix(upload.id))
        return {part for part in upload.parts if sizes.get(part_key(upload.id, part.number)) == part.size}

    def _sources(self, upload: PartedUpload) -> Sequence[StoredPart]:
        """Return the objects to join, in order. Raises UploadIncomplete."""
        if upload.part_bytes is None:
            if upload.offset < upload.size:
                raise UploadIncomplete(f"{upload.offset} of the upload's {upload.size} bytes are there.")
            return self.store.appended_parts(upload.id)
        stored = self._stored_parts(upload)
        if missing := [part.number for part in upload.parts if part not in stored]:
            unlisted = len(missing) - _MOST_NAMED
            listed = ", ".join(map(str, missing[:_MOST_NAMED])) + (f" and {unlisted} more" if unlisted > 0 else "")
            raise UploadIncomplete(f"Parts of the upload are missing or of the wrong size: {listed}.")
        return [StoredPart(part_key(upload.id, part.number), part.size) for part in upload.parts]

    def _complete(self, upload: PartedUpload, sha256: str | None) -> Iterator[None]:
        sources, job_id = self._sources(upload), f"job_{uuid_utils.uuid7()}"
        claim = self.store.claim_to_complete(upload.tenant, upload.id, job_id)
        try:
            yield from self._join(claim, sources, sha256)
        except BaseException:
            with suppress(Outage):  # the claim expires by itself
                self.store.release(claim)
            raise

    def _join(self, claim: UploadClaim, sources: Sequence[StoredPart], sha256: str | None) -> Iterator[None]:
        assert claim.upload.job_id
        key = joined_key(claim.upload.job_id, claim.fence)
        clock, renewed = self.submission.clock, self.submission.clock.now()
        with self._objects.writer(key) as writer:
            recording = RecordingDigest(claim.upload.size)
            for block in self._blocks(sources):
                recording.update(block)
                writer.write(block)
                if clock.now() - renewed > _RENEW_EVERY:
                    self.store.renew(claim)
                    renewed = clock.now()
                yield
            digest = recording.finish()
            if recording.size != claim.upload.size:  # a part was sent again meanwhile
                raise UploadIncomplete
            _check_sha256(digest, sha256)
            self.store.renew(claim)
        self.store.complete(claim, key, digest)

    def _blocks(self, sources: Sequence[StoredPart]) -> Iterator[bytes]:
        for source in sources:
            with self._objects.open(source.key) as file:
                while block := file.read(_BLOCK_BYTES):
                    yield block


def delete_objects(objects: ObjectStore, upload: PartedUpload) -> None:
    """Delete the objects of an upload, and the joined recording unless it has become that of a job."""
    objects.delete_prefix(upload_prefix(upload.id))
    if upload.job_id and upload.state is not UploadState.USED:
        objects.delete_prefix(job_prefix(upload.job_id))


def _check_sha256(digest: str | None, expected: str | None) -> None:
    if expected is not None and digest != expected.lower():
        raise ChecksumMismatch
