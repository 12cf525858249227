"""Submission of jobs: a recording is streamed into the store, then its job is added, then workers are woken.

A recording at a URL is the other way round: the job is added first, and a worker downloads the recording.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from uuid import NAMESPACE_OID, uuid5

import uuid_utils

from shared.domain.errors import IdempotencyMismatch, LimitReached
from shared.domain.job import DEFAULT_TENANT, Job, deadline
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.options import JobOptions
from shared.domain.policy import NO_POLICY, Policy
from shared.domain.recording import Origin, Recording
from shared.domain.urls import name_in, without_query
from shared.ports import Clock, JobRepository, ObjectStore, ObjectWriter, Queue, WakeUps
from shared.services.object_keys import job_prefix, source_key
from shared.services.recording_digest import RecordingDigest
from shared.services.webhook_endpoints import WebhookEndpoints

_NAME_BYTES = 255
_CHECK_EVERY_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class JobSubmission:
    """Submits recordings of a tenant as jobs. `max_bytes` is the largest recording accepted, in bytes."""

    jobs: JobRepository
    objects: ObjectStore
    endpoints: WebhookEndpoints
    wake_ups: WakeUps
    clock: Clock
    max_bytes: int
    limits: Limits = UNLIMITED
    tenant: str = DEFAULT_TENANT
    key_id: str | None = None
    policy: Policy = NO_POLICY

    def admit(self, min_bytes: int, idempotency_key: str | None) -> None:
        """Check the limits for a recording of at least that many bytes before it is received.

        Raises TooManyOpenJobs, QuotaExceeded or QueueFull, as adding its job does.
        """
        self.jobs.admit(self.tenant, min_bytes, idempotency_key, self.limits)

    def begin(self, job_id: str | None = None, idempotency_key: str | None = None) -> StreamedUpload:
        """Begin the upload of a recording, of a new job or of the existing job `job_id`."""
        upload = StreamedUpload(self, job_id or _new_id())
        if job_id is None and self.limits.upload_bytes_per_day is not None:
            upload.check_quota = lambda: self.admit(upload.size, idempotency_key)
        return upload

    def check(self, options: JobOptions) -> None:
        """Check that options keep the policy, and that the tenant has their webhook endpoint.

        Raises PurposeMissing, RoleBarred, EndpointNotFound.
        """
        self.policy.check(options)
        if options.webhook_endpoint_id:
            self.endpoints.get(options.webhook_endpoint_id)

    def enqueue_url(
        self,
        url: str,
        filename: str,
        options: JobOptions,
        idempotency_key: str | None = None,
        batch_id: str | None = None,
    ) -> Job:
        """Add the job of a recording that a worker downloads, or return the job that has the same idempotency key.

        Without a `filename` the recording gets the name that the URL's server gives it, or one from the URL itself.

        Raises:
            EndpointNotFound, PurposeMissing, RoleBarred.
            IdempotencyMismatch: the job with the same key has another URL or other options.
            TooManyOpenJobs, QuotaExceeded, QueueFull.
            ValueError: `url` is not a URL.
        """
        self.check(options)
        job_id, sha256 = _new_id(), hashlib.sha256(url.encode()).hexdigest()
        origin = Origin(without_query(url), sha256, named=bool(filename), url=url)
        name = display_name(filename or name_in(url))
        recording = Recording(name, None, None, source_key(job_id), origin=origin)
        job = self.job(job_id, recording, options, idempotency_key, batch_id)
        return self.add(job)

    def batch_id(self, idempotency_key: str | None) -> str:
        """Return the id of a batch. The same key gives the same id, so that a repeated request is the same batch."""
        if idempotency_key is None:
            return f"batch_{uuid_utils.uuid7()}"
        return f"batch_{uuid5(NAMESPACE_OID, f'{self.tenant} {idempotency_key}')}"

    def job(
        self, job_id: str, recording: Recording, options: JobOptions, key: str | None, batch_id: str | None = None
    ) -> Job:
        """Make a job of the tenant that is not added yet."""
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

    def add(self, job: Job) -> Job:
        """Add a job and wake its workers, or return the job that has the same idempotency key.

        Raises IdempotencyMismatch, TooManyOpenJobs, QuotaExceeded or QueueFull.
        """
        existing = self.jobs.add(job, self.limits)
        if existing is not None:
            return same_job(existing, job)
        self.wake_ups.wake(Queue.PREPARE)
        return job


class StreamedUpload:
    """A recording on its way into the store, as a context manager.

    It is dropped where the context is left without `commit` or `store`; a store without room then raises StorageFull.
    Nothing is opened before the first `write`. `check_quota` is called now and then: the size of a recording that comes
    in chunks is not known before.
    """

    check_quota: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, submission: JobSubmission, job_id: str) -> None:
        self._submission = submission
        self._job_id = job_id
        self._key = source_key(job_id)
        self._digest = RecordingDigest(submission.max_bytes)
        self._object = ExitStack()
        self._writer: ObjectWriter | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._digest.size

    def expect(self, size: int | None) -> None:
        """Check the size in bytes that was announced, None if unknown. Raises UploadTooLarge."""
        self._digest.expect(size)

    def write(self, block: bytes) -> None:
        """Write the next bytes.

        Raises:
            UploadTooLarge, NotMedia, QuotaExceeded: as soon as it is known.
            StorageFull, StoreUnavailable.
        """
        if self._writer is None:
            self._writer = self._object.enter_context(self._submission.objects.writer(self._key))
        checked = self.size // _CHECK_EVERY_BYTES
        self._digest.update(block)
        if self.size // _CHECK_EVERY_BYTES > checked:
            self.check_quota()
        self._writer.write(block)

    def commit(self, filename: str, options: JobOptions, idempotency_key: str | None = None) -> Job:
        """Store the recording and add its job, which reaches a terminal state whatever happens to the machine.

        If the tenant has a job with the same idempotency key, that job is returned and the recording deleted.

        Raises:
            EmptyUpload, NotMedia, StorageFull.
            EndpointNotFound: the options name an unknown webhook endpoint.
            PurposeMissing, RoleBarred: the options break the policy.
            IdempotencyMismatch: the job with the same key has another recording or other options.
            TooManyOpenJobs, QuotaExceeded, QueueFull.
        """
        submission, sha256 = self._submission, self._digest.finish()
        submission.check(options)
        self._object.close()
        recording = Recording(display_name(filename), self.size, sha256, self._key)
        job = submission.job(self._job_id, recording, options, idempotency_key)
        try:
            added = submission.add(job)
        except (IdempotencyMismatch, LimitReached):
            # After other errors the job may exist: the connection may have been lost after the database's commit.
            submission.objects.delete_prefix(job_prefix(job.id))
            raise
        if added is not job:
            submission.objects.delete_prefix(job_prefix(job.id))
        return added

    def store(self) -> str:
        """Store the recording of a job that exists and return its SHA-256, hex digits.

        Raises EmptyUpload, NotMedia, StorageFull.
        """
        sha256 = self._digest.finish()
        self._object.close()
        return sha256

    def drop(self, error: BaseException | None = None) -> None:
        """Drop the recording unless it was committed or stored; `error` is the reason, if there is one.

        The writer of the store is left by that error, and may raise one that says more: StorageFull, StoreUnavailable.
        """
        reason = error or _Dropped()
        self._object.__exit__(type(reason), reason, reason.__traceback__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.drop(error)


class _Dropped(Exception):
    """Leaves the context of an object's writer so that there is no object."""


def _new_id() -> str:
    return f"job_{uuid_utils.uuid7()}"


def same_job(existing: Job, job: Job) -> Job:
    """Return the existing job with the key of `job`. Raises IdempotencyMismatch if it differs from `job`."""
    if (existing.recording.identity, existing.options) != (job.recording.identity, job.options):
        raise IdempotencyMismatch
    return existing


def display_name(filename: str) -> str:
    """Clean a client's file name for display: NFC, no control characters, no folders, at most 255 bytes of UTF-8.

    It is never used as a path.
    """
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C").strip()
    return name.encode(errors="ignore")[:_NAME_BYTES].decode(errors="ignore") or "recording"
