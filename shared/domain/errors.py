"""Errors of requests, by category; those of uploads and of playing have modules of their own.

The docstring of an error with a `code` is the message that users read; programs match on the code. A category is a
base class without a code: `api.errors` gives each category an HTTP status. Codes of failed *jobs* are decided in
`worker.failures`.
"""

from __future__ import annotations

from typing import ClassVar, Self

from shared.domain.limits import Standing


class EmolineError(Exception):
    """A request that cannot be carried out. `message` defaults to the docstring of the class."""

    code: ClassVar[str]

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__ or self.code)

    @property
    def message(self) -> str:
        return str(self)


class Unauthenticated(EmolineError):
    """The caller has no valid API key."""


class NotFound(EmolineError):
    """The object does not exist, or belongs to another tenant."""


class Gone(EmolineError):
    """The object existed and was deleted."""


class Conflict(EmolineError):
    """The request does not fit the present state of the object."""


class Malformed(EmolineError):
    """The bytes of the request cannot be read."""


class Invalid(EmolineError):
    """The values of the request are not valid."""


class TooLarge(EmolineError):
    """The body of the request is larger than accepted."""


class UnsupportedType(EmolineError):
    """The content of the request has a type that the service does not read."""


class LimitReached(EmolineError):
    """The request exceeds a limit of the service. `standing` describes the tenant's quota where it is one of those."""

    def __init__(self, message: str | None = None, standing: Standing | None = None) -> None:
        super().__init__(message)
        self.standing = standing


class Outage(EmolineError):
    """A store or database that the service depends on is away or full; it passes by itself."""


class Unauthorized(Unauthenticated):
    """This service needs an API key: send it as `Authorization: Bearer <key>` or as `X-API-Key`."""

    code = "unauthorized"


class InvalidKey(Unauthenticated):
    """The API key is not one of this service, or was revoked."""

    code = "invalid_key"


class MissingScope(EmolineError):
    """The API key does not allow this."""

    code = "missing_scope"


class CrossSite(EmolineError):
    """A page of another site may not change anything here; its origin can be allowed by EMOLINE_CORS_ORIGINS."""

    code = "cross_site"


class UnsupportedEncoding(UnsupportedType):
    """The body is compressed, which this service does not read; send it without `Content-Encoding`."""

    code = "unsupported_encoding"


class KeyNotFound(NotFound):
    """There is no API key with this id, or it was revoked."""

    code = "key_not_found"


class EndpointNotFound(NotFound):
    """There is no webhook endpoint with this id."""

    code = "endpoint_not_found"


class DeliveryNotFound(NotFound):
    """There is no webhook delivery with this id."""

    code = "delivery_not_found"


class JobNotFound(NotFound):
    """There is no job with this id."""

    code = "job_not_found"


class JobDeleted(Gone):
    """This job was deleted, with its recording and its results."""

    code = "job_deleted"


class JobNotDeleted(Conflict):
    """This job was not deleted."""

    code = "job_not_deleted"


class AudioDeleted(Gone):
    """The recording and the sound of its segments were deleted, as the job's `retention` says."""

    code = "audio_deleted"


class SegmentNotFound(NotFound):
    """The job has no segment with this number."""

    code = "segment_not_found"


class ResultNotReady(Conflict):
    """The job is still running; ask again in a moment."""

    code = "result_not_ready"


class NoResult(Conflict):
    """The job ended without a result; its `error` says why."""

    code = "no_result"


class NoEmbeddings(NotFound):
    """The job's config did not ask for embeddings."""

    code = "no_embeddings"


class NoWaveform(NotFound):
    """The job was analysed before waveforms were kept; try it again with `all`, or submit the recording anew."""

    code = "no_waveform"


class JobFinished(Conflict):
    """The job has already ended, so it cannot be canceled."""

    code = "job_finished"


class JobRunning(Conflict):
    """The job has not ended, so it can be neither tried again nor changed."""

    code = "job_running"


class NothingToRetry(Conflict):
    """Every segment of the job was analysed; to analyse them all again, say `all`."""

    code = "nothing_to_retry"


class BatchNotFound(NotFound):
    """There is no job of a batch with this id."""

    code = "batch_not_found"


class InvalidRequest(Invalid):
    """The request does not fit the OpenAPI document."""

    code = "invalid_request"


class UnknownEmotion(Invalid):
    """A segment can only be corrected to an emotion that Emotion2Vec+ or the job's model tells apart."""

    code = "unknown_emotion"


class InvalidConfig(Invalid):
    """The job's config is not valid."""

    code = "invalid_config"


class PurposeMissing(Invalid):
    """This service takes only jobs whose config says their `purpose` and their `legal_basis`."""

    code = "purpose_missing"


class RoleBarred(Invalid):
    """The voice of this role may not be analysed here."""

    code = "role_barred"


class InvalidCursor(Invalid):
    """The cursor is not one that this service gave out."""

    code = "invalid_cursor"


class NotAcceptable(EmolineError):
    """The answer cannot be had in any of the formats that the request accepts."""

    code = "not_acceptable"


class InvalidPeriod(Invalid):
    """The period ends before it begins, or is longer than 366 days."""

    code = "invalid_period"


class IdempotencyMismatch(Invalid):
    """The Idempotency-Key was used before, with another recording or another config."""

    code = "idempotency_mismatch"


class BodyTooLarge(TooLarge):
    """The body of the request is larger than any that is no recording."""

    code = "body_too_large"


class RateLimited(LimitReached):
    """There were more requests in this second than the service allows; ask again in a moment."""

    code = "rate_limited"


class TooManyOpenJobs(LimitReached):
    """As many jobs as the service allows have not ended yet; submit this one when one of them has."""

    code = "too_many_open_jobs"


class TooManyPictures(LimitReached):
    """Several pictures and reports of this caller wait to be drawn already; ask again when they have come."""

    code = "too_many_pictures"


class QuotaExceeded(LimitReached):
    """With this recording it would be more than the service allows in a day; the next one begins at midnight UTC."""

    code = "quota_exceeded"


class QueueFull(LimitReached):
    """More recordings wait to be analysed than the service can take; try again later."""

    code = "queue_full"


class Overloaded(EmolineError):
    """The service has more requests than it can answer in time; try again later."""

    code = "overloaded"


class StorageFull(Outage):
    """The service has no room left to store the recording; try again later."""

    code = "storage_full"


class StoreUnavailable(Outage, OSError):
    """The store of the recordings does not answer as it should; try again later."""

    code = "store_unavailable"


class DatabaseUnavailable(Outage):
    """The database does not answer as it should; try again later."""

    code = "database_unavailable"


class InvalidTransition(EmolineError):
    """A job cannot go from its state to the one asked for."""

    code = "invalid_transition"


class LeaseLost(EmolineError):
    """The work was taken over, canceled or deleted meanwhile: its results must be discarded."""

    code = "lease_lost"


class ObjectDamaged(EmolineError):
    """An object of the job is damaged in the store; try the job again with `all`, or submit the recording anew."""

    code = "object_damaged"

    @classmethod
    def from_key(cls, key: str) -> Self:
        return cls(f"{key} is damaged in the store; try the job again with `all`, or submit the recording anew.")


class ObjectNotFound(NotFound):
    """The store holds no object under this key."""

    code = "object_not_found"
