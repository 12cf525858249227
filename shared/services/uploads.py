"""Uploads in parts: begun, filled over as many connections as it takes, put together, and made jobs of.

The row is there before the first byte and goes after the last, so that every object is found again. A recording is put
together where its job will look for it: the job is made of it without another copy, once, and deletes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import uuid_utils

from shared.domain.errors import (
    ChecksumMismatch,
    EmptyUpload,
    MalformedUpload,
    Outage,
    UploadComplete,
    UploadIncomplete,
    UploadTooLarge,
)
from shared.domain.job import Job
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.upload import LASTS, Part, PartedUpload, PartView, UploadState, part_bytes_for
from shared.ports import ObjectStore, Queue, StoredPart, UploadClaim, UploadStore
from shared.services.object_keys import job_prefix, joined_key, part_key, upload_prefix
from shared.services.submission import JobSubmission, Upload, display_name, same
from shared.services.upload_writers import Appending, WholePart

_BLOCK_BYTES = 1 << 20
_RENEW_EVERY = timedelta(seconds=30)
_MOST_NAMED = 10
"""Parts that an error names."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The use case, for the tenant of `submission`. What names an upload raises UploadNotFound where it has none."""

    store: UploadStore
    submission: JobSubmission

    def create(self, filename: str, size: int, part_bytes: int | None, metadata: str | None = None) -> PartedUpload:
        """A new upload in parts of about `part_bytes`, or without, over tus. Raises EmptyUpload, UploadTooLarge."""
        if not size:
            raise EmptyUpload
        if size > self.submission.max_bytes:
            raise UploadTooLarge
        self.submission.admit(size, None)
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
        self.store.add(upload)
        return upload

    def get(self, upload_id: str) -> PartedUpload:
        return self.store.get(self.submission.tenant, upload_id)

    def parts(self, upload: PartedUpload) -> Sequence[PartView]:
        """What there is of an open upload, and where the rest is taken; nothing of another or of one over tus."""
        if upload.state is not UploadState.OPEN or upload.part_bytes is None:
            return ()
        there = self._there(upload)
        lasts_s = max(1, int((upload.expires_at - self.submission.clock.now()).total_seconds()))
        return [
            PartView(part, part in there, None if part in there else self._put_url(upload, part, lasts_s))
            for part in upload.parts
        ]

    @contextmanager
    def receive_part(self, upload_id: str, number: int) -> Iterator[WholePart]:
        """A part to write to, in the place of what was there of it; dropped when the context is left by an exception.

        Raises PartNotFound, UploadComplete, PartSize.
        """
        upload = self.get(upload_id)
        part = upload.part(number)
        if upload.state is not UploadState.OPEN:
            raise UploadComplete
        with self._objects.writer(part_key(upload_id, number)) as writer:
            whole = WholePart(writer, part.size)
            yield whole
            whole.finish()

    @contextmanager
    def append(self, upload_id: str, offset: int) -> Iterator[Appending]:
        """What to write to that follows the first `offset` bytes, over tus.

        What came is kept where the context is left as it should be or by MalformedUpload, because the line broke.

        Raises UploadOffset, UploadBusy.
        """
        claim = self.store.claim_to_append(self.submission.tenant, upload_id, offset)
        appending = Appending(self.store, self._objects, claim)
        try:
            yield appending
        except MalformedUpload:
            appending.keep()
            raise
        except BaseException:
            appending.drop()
            raise
        appending.keep()

    def completing(self, upload_id: str, sha256: str | None = None) -> Generator[None, None, None]:
        """Puts an upload together, a little with each step; of one that is there is only to be checked.

        Raises:
            UploadIncomplete: not everything has come.
            UploadBusy: somebody else is doing it.
            ChecksumMismatch: the recording is not that of `sha256`, hex digits.
            NotMedia, StorageFull.
        """
        upload = self.get(upload_id)
        if upload.state is UploadState.OPEN:
            yield from self._complete(upload, sha256)
        else:
            _check(upload.sha256, sha256)
        self._objects.delete_prefix(upload_prefix(upload_id))  # now, or what was left by who died before that

    def submit(
        self, upload_id: str, options: JobOptions, idempotency_key: str | None = None, batch_id: str | None = None
    ) -> Job:
        """The job of an upload, which is put together first if that was not done.

        Where there is a job with the same key, that one.

        Raises:
            EndpointNotFound: the options name an endpoint that is not there.
            UploadUsed: a job was made of it before.
            IdempotencyMismatch: the job with the same key is of another recording, or has other options.
            UploadIncomplete, UploadBusy, NotMedia, StorageFull.
        """
        self.submission.check(options)
        deque(self.completing(upload_id), maxlen=0)
        upload = self.get(upload_id)
        assert upload.job_id
        assert upload.source_key
        assert upload.sha256
        recording = Recording(upload.filename, upload.size, upload.sha256, upload.source_key)
        job = self.submission.job(upload.job_id, recording, options, idempotency_key, batch_id)
        there = self.store.use(upload, job, self.submission.limits)
        if there is not None:
            return same(there, job)
        self.submission.wake_ups.wake(Queue.PREPARE)
        return job

    def delete(self, upload_id: str) -> None:
        """Deletes an upload in any state but used, with what came of it. Raises UploadUsed."""
        delete_objects(self._objects, self.store.delete(self.submission.tenant, upload_id))

    @property
    def _objects(self) -> ObjectStore:
        return self.submission.objects

    def _there(self, upload: PartedUpload) -> set[Part]:
        sizes = self._objects.sizes(upload_prefix(upload.id))
        return {part for part in upload.parts if sizes.get(part_key(upload.id, part.number)) == part.size}

    def _put_url(self, upload: PartedUpload, part: Part, lasts_s: int) -> str | None:
        return self._objects.put_url(part_key(upload.id, part.number), part.size, lasts_s)

    def _sources(self, upload: PartedUpload) -> Sequence[StoredPart]:
        """The objects that make the recording, in their order. Raises UploadIncomplete."""
        if upload.part_bytes is None:
            if upload.offset < upload.size:
                raise UploadIncomplete(f"{upload.offset} of the upload's {upload.size} bytes are there.")
            return self.store.appended(upload.id)
        there = self._there(upload)
        if missing := [part.number for part in upload.parts if part not in there]:
            raise UploadIncomplete(_missing(missing))
        return [StoredPart(part_key(upload.id, part.number), part.size) for part in upload.parts]

    def _complete(self, upload: PartedUpload, sha256: str | None) -> Iterator[None]:
        sources, job_id = self._sources(upload), f"job_{uuid_utils.uuid7()}"
        claim = self.store.claim_to_complete(upload.tenant, upload.id, job_id)
        try:
            yield from self._join(claim, sources, sha256)
        except BaseException:
            with suppress(Outage):  # it runs out by itself
                self.store.release(claim)
            raise

    def _join(self, claim: UploadClaim, sources: Sequence[StoredPart], sha256: str | None) -> Iterator[None]:
        assert claim.upload.job_id
        key = joined_key(claim.upload.job_id, claim.fence)
        clock, renewed = self.submission.clock, self.submission.clock.now()
        with self._objects.writer(key) as writer:
            recording = Upload(claim.upload.job_id, writer, claim.upload.size)
            for block in self._read(sources):
                recording.write(block)
                if clock.now() - renewed > _RENEW_EVERY:
                    self.store.renew(claim)
                    renewed = clock.now()
                yield
            digest = recording.finish()
            if recording.size != claim.upload.size:  # a part was sent again meanwhile
                raise UploadIncomplete
            _check(digest, sha256)
            self.store.renew(claim)
        self.store.complete(claim, key, digest)

    def _read(self, sources: Sequence[StoredPart]) -> Iterator[bytes]:
        for source in sources:
            with self._objects.open(source.key) as file:
                while block := file.read(_BLOCK_BYTES):
                    yield block


def delete_objects(objects: ObjectStore, upload: PartedUpload) -> None:
    """Deletes what there is of an upload: what was put together too, unless it is a job's."""
    objects.delete_prefix(upload_prefix(upload.id))
    if upload.job_id and upload.state is not UploadState.USED:
        objects.delete_prefix(job_prefix(upload.job_id))


def _check(digest: str | None, wanted: str | None) -> None:
    if wanted is not None and digest != wanted.lower():
        raise ChecksumMismatch


def _missing(numbers: Sequence[int]) -> str:
    more = len(numbers) - _MOST_NAMED
    named = ", ".join(map(str, numbers[:_MOST_NAMED])) + (f" and {more} more" if more > 0 else "")
    return f"Parts of the upload are missing or of the wrong size: {named}."
