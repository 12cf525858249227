"""What the use cases and the workers need of the world outside; `shared.db` and `shared.adapters` have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from shared.domain.access import ApiKey
from shared.domain.emotion import ModelInfo, RunModel
from shared.domain.job import Job, JobState, JobStatus, SegmentCounts
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.segment import Correction, Segment, SegmentOutcome, SegmentResult
from shared.domain.upload import PartedUpload
from shared.domain.usage import DayUsage
from shared.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, with its zone."""
        ...


class Queue(StrEnum):
    """Kinds of work, each with workers of its own."""

    PREPARE = "prepare"
    INFER = "infer"
    FINISH = "finish"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one kind of work has before it, in hand or not.

    `since` is when the oldest that nobody has begun came in. `samples` are those of segments, `size` the bytes of
    recordings, whose length nobody knows before they are decoded.
    """

    queue: Queue
    jobs: int
    since: datetime | None = None
    samples: int = 0
    size: int = 0


class Backlog(Protocol):
    def waiting(self) -> Sequence[Waiting]:
        """Of each kind of work. Raises DatabaseUnavailable."""
        ...


class WakeUps(Protocol):
    """Tells workers that there may be work. A wake-up may be lost or come twice: the database is the truth."""

    def wake(self, queue: Queue) -> None: ...


class ApiKeyStore(Protocol):
    """API keys by the SHA-256 of their secret, as hex digits."""

    def add(self, key: ApiKey, sha256: str) -> None: ...

    def find(self, sha256: str) -> ApiKey | None:
        """A key that was not revoked."""
        ...

    def any(self) -> bool:
        """Whether a key was ever made, revoked or not."""
        ...

    def of_tenant(self, tenant: str) -> Sequence[ApiKey]:
        """Newest first, those that were revoked too."""
        ...

    def revoke(self, tenant: str, key_id: str, now: datetime) -> None:
        """Raises KeyNotFound."""
        ...


class ModelRegistry(Protocol):
    """Which models the workers run, or have run."""

    def runs(self, model: ModelInfo) -> None:
        """A worker has it ready; to say so often costs nothing."""
        ...

    def all(self) -> Sequence[RunModel]:
        """The one that was run last first."""
        ...


class UsageStore(Protocol):
    """What tenants have used, of jobs that were deleted too."""

    def of_tenant(self, tenant: str, first: date, last: date) -> Sequence[DayUsage]:
        """By day from `first` to `last` and by key, oldest first."""
        ...


class ObjectWriter(Protocol):
    def write(self, chunk: bytes, /) -> object: ...


class ObjectStore(Protocol):
    """Bytes by key. Keys are made by the server only, like `jobs/<id>/source`."""

    def writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """Writes an object, which exists once the context is left without an exception, and not before.

        Raises:
            StorageFull: there is no room.
        """
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The object, to be read and sought in while the context lasts. Raises ObjectNotFound."""
        ...

    def locate(self, key: str) -> Path | str:
        """Where a client can be served the object from: a file on this machine, or a short-lived URL.

        Raises ObjectNotFound.
        """
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Deletes every object whose key starts with `prefix`, which must end with `/`. None there is fine."""
        ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of every object whose key starts with `prefix`, which must end with `/`, by key."""
        ...

    def put_url(self, key: str, size: int, lasts_s: int) -> str | None:
        """A URL to which a client can PUT an object of `size` bytes; None where clients do not reach the store."""
        ...


@dataclass(frozen=True, slots=True)
class UploadClaim:
    """An upload that is this request's to go on with. `fence` grows with each claim."""

    upload: PartedUpload
    fence: int


@dataclass(frozen=True, slots=True)
class StoredPart:
    """Bytes of an upload that have come."""

    key: str
    size: int


class UploadStore(Protocol):
    """The truth about uploads in parts. Every method is one transaction, and what is over is not there.

    What takes a claim raises UploadBusy where another request has claimed the upload since, or it was deleted.
    """

    def add(self, upload: PartedUpload) -> None: ...

    def get(self, tenant: str, upload_id: str) -> PartedUpload:
        """Raises UploadNotFound."""
        ...

    def appended(self, upload_id: str) -> Sequence[StoredPart]:
        """What has come over tus, in its order."""
        ...

    def claim_to_append(self, tenant: str, upload_id: str, offset: int) -> UploadClaim:
        """Takes an upload over tus from whoever goes on with it, whose connection may be dead.

        Raises UploadNotFound, and UploadOffset where it does not go on at `offset`.
        """
        ...

    def append(self, claim: UploadClaim, part: StoredPart) -> UploadClaim:
        """Writes down that a part was stored that follows what is there; the upload lasts longer by that."""
        ...

    def claim_to_complete(self, tenant: str, upload_id: str, job_id: str) -> UploadClaim:
        """Leases an upload to put it together; it lasts longer by that. `job_id` is the one it gets if it has none.

        Raises:
            UploadNotFound.
            UploadComplete: it was put together already.
            UploadBusy: it is being put together.
        """
        ...

    def renew(self, claim: UploadClaim) -> None: ...

    def release(self, claim: UploadClaim) -> None:
        """Ends the lease; nothing happens where it is another's."""
        ...

    def complete(self, claim: UploadClaim, source_key: str, sha256: str) -> None: ...

    def use(self, upload: PartedUpload, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        """Adds the job of an upload that is complete, which is used then.

        Returns the job of its tenant with its idempotency key where there is one, and adds none.

        Raises UploadNotFound, and UploadUsed where there is another job of the upload.
        """
        ...

    def delete(self, tenant: str, upload_id: str) -> PartedUpload:
        """Forgets an upload but for where its objects lie. Raises UploadNotFound, UploadUsed."""
        ...

    def delete_expired(self) -> Sequence[PartedUpload]:
        """As `delete`, of some of those whose time is over and of which no job was made."""
        ...

    def purgeable(self) -> Sequence[PartedUpload]:
        """Some of those, deleted or used, to which no client can be sending anything any more."""
        ...

    def purged(self, upload_id: str) -> None:
        """Forgets it."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A job whose present stage is this worker's until its lease runs out.

    `fence` grows with each claim: what an earlier claimer still writes is refused.
    """

    job: Job
    fence: int


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment with the key of its audio."""

    segment: Segment
    audio_key: str


@dataclass(frozen=True, slots=True)
class SegmentClaim:
    """A segment that is this worker's until its lease runs out."""

    job_id: str
    stored: StoredSegment
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class JobPage:
    """Newest first. `next_cursor` is the id after which the next page starts, None on the last."""

    jobs: Sequence[Job]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list is of; by default all. `label` is an emotion of any segment, `dominant` the one of most."""

    status: JobStatus | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    label: str | None = None
    dominant: str | None = None
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A delivery that is this worker's to attempt until its lease runs out; each of `secrets` signs it.

    `trace` is the W3C traceparent of the job that it tells of.
    """

    id: str
    endpoint_id: str | None
    url: str
    body: str
    secrets: tuple[str, ...]
    attempts: int
    fence: int
    job_id: str | None = None
    trace: str | None = None


class DeliveryQueue(Protocol):
    """Events to tell, which the job store has written with the change that they tell of, and their receivers."""

    def claim(self) -> DeliveryClaim | None:
        """The delivery that has been due for longest, of those whose receiver is not busy."""
        ...

    def record(self, claim: DeliveryClaim, attempt: Attempt) -> bool:
        """Writes what came of an attempt and what follows from it; False where somebody else has the delivery."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Newest first. `next_cursor` is the id after which the next page starts, None on the last."""

    deliveries: Sequence[Delivery]
    next_cursor: str | None


class WebhookEndpointStore(Protocol):
    """Receivers of events, and what was sent to them, by tenant: what is another's is not there."""

    def add(self, endpoint: Endpoint, secret: str) -> None: ...

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        """Raises EndpointNotFound."""
        ...

    def of_tenant(self, tenant: str) -> Sequence[Endpoint]:
        """Newest first."""
        ...

    def replace(self, endpoint: Endpoint) -> None:
        """Writes it as it is now; what waits for it goes where it is now. Raises EndpointNotFound."""
        ...

    def remove(self, tenant: str, endpoint_id: str) -> None:
        """Forgets it; what waits for it is not sent. Raises EndpointNotFound."""
        ...

    def rotate_secret(self, tenant: str, endpoint_id: str | None) -> str:
        """A new secret for an endpoint, or for the URLs that jobs name; the one before signs beside it for a day.

        Raises EndpointNotFound.
        """
        ...

    def send_test(self, endpoint: Endpoint) -> Delivery:
        """Adds an event that tells of nothing."""
        ...

    def page(
        self,
        tenant: str,
        *,
        limit: int,
        after: str | None,
        job_id: str | None,
        endpoint_id: str | None,
        state: DeliveryState | None,
    ) -> DeliveryPage: ...

    def send_again(self, tenant: str, delivery_id: str) -> Delivery:
        """Has a delivery attempted now and, if need be, as often as a new one.

        Raises:
            DeliveryNotFound.
            EndpointNotFound: its endpoint was deleted, and with it what would sign.
        """
        ...


class JobStore(Protocol):
    """The truth about jobs and segments. Every method is one transaction, and leases run on the store's own clock."""

    def of(self, tenant: str) -> JobStore:
        """The same store for who may see the jobs of one tenant only; those of others are not there."""
        ...

    def add(self, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        """Adds it, unless there is one of its tenant with its idempotency key: then that one is returned.

        Raises TooManyOpenJobs, QuotaExceeded or QueueFull; of two at once that only one of would be within the limits
        of their tenant, one is over them.
        """
        ...

    def admit(self, tenant: str, size: int, idempotency_key: str | None, limits: Limits) -> None:
        """Raises as `add` would of a job of that many bytes."""
        ...

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound or JobDeleted."""
        ...

    def look(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        """Those of these jobs that are there, in any order, with where their segments stand."""
        ...

    def page(self, *, limit: int, after: str | None, wanted: JobFilter) -> JobPage: ...

    def get_all(self, job_ids: Collection[str]) -> dict[str, Job]:
        """Those of these jobs that are there, by id."""
        ...

    def counts(self, job_ids: Sequence[str]) -> dict[str, SegmentCounts]:
        """Where the segments of these jobs stand; jobs without segments count zero."""
        ...

    def batch(self, batch_id: str) -> Mapping[JobState, int]:
        """How many of a batch's jobs there are in each state; of one that is not there, none."""
        ...

    def results(self, job_id: str, *, after: int = -1, limit: int | None = None) -> Sequence[SegmentResult]:
        """Segments by index, from the one after index `after`."""
        ...

    def segment(self, job_id: str, index: int) -> StoredSegment:
        """Raises SegmentNotFound."""
        ...

    def correct(self, job_id: str, index: int, correction: Correction) -> SegmentResult:
        """Keeps what a person says of a segment, in the place of what was said before; it goes with the segment.

        Raises JobNotFound, JobDeleted or SegmentNotFound.
        """
        ...

    def withdraw_correction(self, job_id: str, index: int) -> None:
        """Forgets it, if there is any. Raises as `correct`."""
        ...

    def replace(self, old: Job, new: Job) -> bool:
        """Puts `new` in the place of `old` if the job is still in the state of `old`, and ends any lease on it."""
        ...

    def retry(self, old: Job, new: Job, *, forget_all: bool) -> bool:
        """As `replace`; and its skipped segments, or all of them, wait to be analysed again."""
        ...

    def delete(self, job_id: str) -> None:
        """Forgets a job but for its id, whose objects are then to be purged. Raises JobNotFound or JobDeleted."""
        ...

    def expired(self) -> Sequence[str]:
        """Ids of some of the jobs whose `expires_at` has come."""
        ...

    def audio_expired(self) -> Sequence[Job]:
        """Some of the jobs whose `audio_expires_at` has come."""
        ...

    def overdue(self) -> Sequence[Job]:
        """Some of the jobs that have not ended though their `deadline_at` has come."""
        ...

    def purgeable(self, after_s: float) -> Sequence[str]:
        """Ids of jobs that were deleted more than `after_s` seconds ago and whose objects may still exist."""
        ...

    def purged(self, job_id: str) -> None: ...

    def claimable(self) -> Sequence[Queue]:
        """The kinds of work of which there is some to claim."""
        ...

    def claim_preparation(self) -> Claim | None:
        """A job whose preparation was abandoned, else one that waits to be prepared.

        Of these the one of highest priority, then of the tenant with the fewest jobs under way, then the oldest.
        """
        ...

    def claim_finish(self) -> Claim | None:
        """The oldest job whose finishing was abandoned, else the oldest whose segments are all done."""
        ...

    def renew(self, claim: Claim) -> None:
        """Raises LeaseLost."""
        ...

    def save(self, claim: Claim, job: Job, *, add: Iterable[StoredSegment] = ()) -> None:
        """Writes the job as it is now and segments just stored; the lease ends when the job leaves the claimed state.

        A segment with the same index and place as a stored one keeps what was found for it and what a person said of
        it; one with another place takes its place.

        Raises:
            LeaseLost: somebody else has the job.
        """
        ...

    def forget_segments_from(self, claim: Claim, index: int) -> None:
        """Deletes the segments from `index` on, which an earlier attempt left. Raises LeaseLost."""
        ...

    def postpone(self, claim: Claim, job: Job, seconds: float) -> None:
        """Gives the claim up; the same stage may be claimed again after `seconds`. Raises LeaseLost."""
        ...

    def claim_segments(self, budget: int) -> Sequence[SegmentClaim]:
        """Waiting or abandoned segments of any jobs, of at most `budget` samples together (but one).

        Those of higher priority go first. Among equals the budget is shared evenly by the tenants, and a tenant's part
        by those of its jobs that have had least so far; what one of them does not need, the others have. Within a job
        segments come in their order.
        """
        ...

    def renew_segments(self, claims: Sequence[SegmentClaim]) -> None:
        """Raises LeaseLost when none of them is still this worker's, or their jobs have ended."""
        ...

    def record(self, outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]], model: ModelInfo) -> int:
        """Writes outcomes of segments that are still this worker's, discards the others; returns how many it wrote."""
        ...

    def release_segments(self, claims: Sequence[SegmentClaim]) -> None:
        """Gives claims back untried; those that were given back already stay as they are."""
        ...
