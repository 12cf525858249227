"""Submitting a recording: its bytes into the store as they come, then a job that names them, then a wake-up.

Of a recording that lies elsewhere there is the job first: its worker fetches it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

import uuid_utils

from shared.domain.errors import EmptyUpload, IdempotencyMismatch, LimitReached, NotMedia, UploadTooLarge
from shared.domain.job import DEFAULT_TENANT, Job, deadline
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.options import JobOptions
from shared.domain.recording import Origin, Recording
from shared.domain.urls import name_in, without_query
from shared.ports import Clock, JobRepository, ObjectStore, ObjectWriter, Queue, WakeUps
from shared.services.file_type import HEAD_BYTES, plainly_not_media
from shared.services.object_keys import job_prefix, source_key
from shared.services.webhook_endpoints import WebhookEndpoints

_NAME_BYTES = 255


class Upload:
    """A recording on its way into the store: counted, hashed and looked at while it passes."""

    def __init__(self, job_id: str, writer: ObjectWriter, max_bytes: int) -> None:
        self.job_id = job_id
        self.size = 0
        self._writer = writer
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self._head = b""

    def expect(self, size: int | None) -> None:
        """Takes note of what is said of the size before anything comes. Raises UploadTooLarge."""
        if (size or 0) > self._max_bytes:
            raise UploadTooLarge(f"The file is larger than the {self._max_bytes} bytes that this service accepts.")

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            UploadTooLarge, NotMedia: as soon as it is known.
            StorageFull: there is no room.
        """
        self.size += len(chunk)
        self.expect(self.size)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + chunk)[:HEAD_BYTES]
            if len(self._head) == HEAD_BYTES:
                self._look()
        self._sha256.update(chunk)
        self._writer.write(chunk)

    def finish(self) -> str:
        """Call it when all has come; returns the SHA-256 as hex digits. Raises EmptyUpload or NotMedia."""
        if not self.size:
            raise EmptyUpload
        if len(self._head) < HEAD_BYTES:
            self._look()
        return self._sha256.hexdigest()

    def _look(self) -> None:
        if plainly_not_media(self._head):
            raise NotMedia


@dataclass(frozen=True, slots=True)
class JobSubmission:
    """The use case. `max_bytes` is the largest recording accepted."""

    jobs: JobRepository
    objects: ObjectStore
    endpoints: WebhookEndpoints
    wake_ups: WakeUps
    clock: Clock
    max_bytes: int
    limits: Limits = UNLIMITED
    tenant: str = DEFAULT_TENANT
    key_id: str | None = None

    def admit(self, at_least: int, idempotency_key: str | None) -> None:
        """Refuses a recording of that many bytes before it comes; `enqueue` does, with the same errors, when it has.

        Raises TooManyOpenJobs, QuotaExceeded or QueueFull.
        """
        self.jobs.admit(self.tenant, at_least, idempotency_key, self.limits)

    @contextmanager
    def receive(self, job_id: str | None = None) -> Iterator[Upload]:
        """An upload to write to, of a new job or of one that there is.

        What was written is dropped when the context is left by an exception.
        """
        job_id = job_id or _new_id()
        with self.objects.writer(source_key(job_id)) as writer:
            yield Upload(job_id, writer, self.max_bytes)

    def check(self, options: JobOptions) -> None:
        """Raises EndpointNotFound where the options name an endpoint that is not there."""
        if options.webhook_endpoint_id:
            self.endpoints.get(options.webhook_endpoint_id)

    def enqueue(
        self, upload: Upload, sha256: str, filename: str, options: JobOptions, idempotency_key: str | None = None
    ) -> Job:
        """The job of a received upload. From here on it reaches a terminal state, whatever happens to the machine.

        Where there is a job with the same key, that one, and what was received is dropped.

        Raises:
            IdempotencyMismatch: that one is of another recording, or has other options.
            TooManyOpenJobs, QuotaExceeded, QueueFull: what was received is dropped.
        """
        recording = Recording(display_name(filename), upload.size, sha256, source_key(upload.job_id))
        job = self.job(upload.job_id, recording, options, idempotency_key)
        try:
            there = self._add(job)
        except LimitReached:
            self.objects.delete_prefix(job_prefix(job.id))
            raise
        if there is not job:
            self.objects.delete_prefix(job_prefix(job.id))
        return same(there, job)

    def enqueue_url(
        self,
        url: str,
        filename: str,
        options: JobOptions,
        idempotency_key: str | None = None,
        batch_id: str | None = None,
    ) -> Job:
        """The job of a recording that a worker downloads; where there is one with the same key, that one.

        Without a `filename` it has the name that the URL's server gives it, or the URL itself.

        Raises:
            EndpointNotFound.
            IdempotencyMismatch: the job that there is has another URL, or other options.
            ValueError: that is no URL.
        """
        self.check(options)
        job_id, sha256 = _new_id(), hashlib.sha256(url.encode()).hexdigest()
        origin = Origin(without_query(url), sha256, named=bool(filename), url=url)
        name = display_name(filename or name_in(url))
        recording = Recording(name, None, None, source_key(job_id), origin=origin)
        job = self.job(job_id, recording, options, idempotency_key, batch_id)
        return same(self._add(job), job)

    def batch_id(self, idempotency_key: str | None) -> str:
        """The id of a batch: with a key always the same one, so that a request sent again is no other batch."""
        if idempotency_key is None:
            return f"batch_{uuid_utils.uuid7()}"
        return f"batch_{uuid5(NAMESPACE_OID, f'{self.tenant} {idempotency_key}')}"

    def job(
        self, job_id: str, recording: Recording, options: JobOptions, key: str | None, batch_id: str | None = None
    ) -> Job:
        """A job that is still to be added."""
        now = self.clock.now()
        return Job(
            job_id,
            recording,
            options,
            now,
            self.tenant,
            self.key_id,
            key,
            batch_id=batch_id,
            deadline_at=deadline(options, now),
        )

    def _add(self, job: Job) -> Job:
        """The job, added, or the one that there is with its key."""
        there = self.jobs.add(job, self.limits)
        if there is None:
            self.wake_ups.wake(Queue.PREPARE)
        return there or job


def _new_id() -> str:
    return f"job_{uuid_utils.uuid7()}"


def same(there: Job, wanted: Job) -> Job:
    """The job that was made with a key before. Raises IdempotencyMismatch where another was wanted."""
    if (there.recording.identity, there.options) != (wanted.recording.identity, wanted.options):
        raise IdempotencyMismatch
    return there


def display_name(filename: str) -> str:
    """A client's file name made fit to show: NFC, no control characters, no folders, at most 255 bytes of UTF-8.

    It is never used as a path.
    """
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C").strip()
    return name.encode(errors="ignore")[:_NAME_BYTES].decode(errors="ignore") or "recording"
