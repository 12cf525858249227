"""The tables. `migrations/` has the same as steps; a test compares the two."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.table_base import Base as Base  # for `Base.metadata` with these tables
from shared.db.table_base import Bytes, Samples

_UNFINISHED = text("finished_at IS NULL")
_NOT_PURGED = text("NOT purged")
UNDELIVERED = text("state = 'pending'")
_IN_HAND = text("lease_until IS NOT NULL")
PENDING = text("status = 'pending'")
ANALYSED = text("status = 'ok'")
"""Conditions on segments without a parameter, so that the database uses their partial indexes."""
ANALYSABLE = text("state IN ('preparing', 'inferring')")
"""The condition on jobs that their segments are shared out, without a parameter for the same reason."""
ENDED = text("finished_at IS NOT NULL")
"""The condition on jobs that have ended, without a parameter for the same reason."""
QUEUED = text("state = 'queued'")
COPY_WANTED = text("size IS NULL")
"""The condition on copies of recordings that they are still to be made, without a parameter for the same reason."""
UNFINISHED_UPLOAD = text("state IN ('open', 'complete')")
"""The condition on uploads that no job was made of them yet, without a parameter for the same reason."""
FINISHABLE = text("(state = 'finishing' OR (state = 'inferring' AND segments_done))")
"""The condition on jobs that may be finished, without a parameter for the same reason."""


class JobRow(Base):
    """A job. `recording`, `options`, `model` and `failure` are domain values as JSON, see `shared.db.rows`.

    `to_download` is whether the recording is still to be downloaded.

    `served` is the samples analysed for the job, added to the least `served` of the jobs under way when it began.
    `segments_done` is whether all segments of a prepared job had their outcome when the last one was recorded.
    `progress_told` is the tenths of the work that webhooks have announced, null where they announce none.
    `name`, `length` and `recorded_at` repeat what `recording` and `options` say, to be found and sorted by.
    `facts_version` is the `FACTS_VERSION` of the facts of an ended job, 0 without them: see `shared.db.facts`.
    """

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    key_id: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    priority: Mapped[int]
    state: Mapped[str]
    to_download: Mapped[bool] = mapped_column(server_default=false())
    recording: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    model: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    attempts: Mapped[int]
    prepared: Mapped[Samples]
    speech: Mapped[Samples]
    dominant: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    audio_expires_at: Mapped[datetime | None] = mapped_column(index=True)
    audio_deleted: Mapped[bool] = mapped_column(default=False)
    alerts: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    talk: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    name: Mapped[str] = mapped_column(server_default="")
    length: Mapped[Samples] = mapped_column(server_default="0")
    recorded_at: Mapped[datetime | None]
    facts_version: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    progress_told: Mapped[int | None]
    batch_id: Mapped[str | None] = mapped_column(index=True)
    deadline_at: Mapped[datetime | None]
    served: Mapped[Samples] = mapped_column(default=0)
    segments_done: Mapped[bool] = mapped_column(server_default=false())
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    trace: Mapped[str | None]

    __table_args__ = (
        Index(None, "state", "id"),
        Index(None, "tenant", "idempotency_key", unique=True),
        Index(None, "tenant", "id"),
        Index(None, "tenant", "dominant", "id"),
        Index(None, "tenant", "name", "id"),
        Index(None, "tenant", "length", "id"),
        Index(None, "facts_version", postgresql_where=ENDED, sqlite_where=ENDED),
        Index("ix_jobs_unfinished", "id", postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED),
        Index(None, "deadline_at", postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED),
        # The turns of the jobs under way, see `shared.db.turns`.
        Index(
            "ix_jobs_turns", "priority", "tenant", "served", "id", postgresql_where=ANALYSABLE, sqlite_where=ANALYSABLE
        ),
        Index(
            "ix_jobs_queued", "to_download", "priority", "tenant", "id", postgresql_where=QUEUED, sqlite_where=QUEUED
        ),
        Index("ix_jobs_finishable", "state", "id", postgresql_where=FINISHABLE, sqlite_where=FINISHABLE),
    )


class SegmentRow(Base):
    """A segment. `start`, `end` and `speech` are samples at 16 kHz.

    `audio_start` and `audio_end` are bytes in the object `audio_key`, None if the segment has an object of its own.
    `logits_key` is the object with the logits of this segment among others, None if it has one of its own or none.
    `speaker` is the number of the speaker, None where speakers are not told apart, and until they are.
    """

    __tablename__ = "segments"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int]
    start: Mapped[Samples]
    end: Mapped[Samples]
    speech: Mapped[Samples]
    flags: Mapped[list[str]] = mapped_column(server_default="[]")
    audio_key: Mapped[str]
    audio_start: Mapped[int | None]
    audio_end: Mapped[int | None]
    logits_key: Mapped[str | None]
    speaker: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str]
    emotion: Mapped[str]
    confidence: Mapped[float | None] = mapped_column(Double)
    scores: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
    p_values: Mapped[dict[str, Any] | None]
    unfamiliarity: Mapped[float | None] = mapped_column(Double)
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_segments_pending", "job_id", "index", postgresql_where=PENDING, sqlite_where=PENDING),
        Index(None, "job_id", "emotion", postgresql_where=ANALYSED, sqlite_where=ANALYSED),
    )


class SegmentCorrectionRow(Base):
    """A person's correction of a segment; it is deleted with the segment."""

    __tablename__ = "segment_corrections"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    emotion: Mapped[str]
    comment: Mapped[str | None]
    corrected_at: Mapped[datetime]
    key_id: Mapped[str | None]

    __table_args__ = (
        ForeignKeyConstraint(["job_id", "index"], [SegmentRow.job_id, SegmentRow.index], ondelete="CASCADE"),
    )


class UsageRow(Base):
    """The usage of a job on its tenant's day; it outlives the job. `samples` counts decoded samples."""

    __tablename__ = "usage"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    key_id: Mapped[str | None]
    day: Mapped[date]
    bytes: Mapped[int] = mapped_column(BigInteger)
    samples: Mapped[Samples]

    __table_args__ = (Index(None, "tenant", "day"),)


class ModelRow(Base):
    """A model that workers run or have run, at one precision."""

    __tablename__ = "models"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    precision: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[dict[str, Any]]
    first_run_at: Mapped[datetime]
    last_run_at: Mapped[datetime]


class ApiKeyRow(Base):
    """An API key with the SHA-256 of its secret, as hex digits."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    job_id: Mapped[str | None] = mapped_column(index=True)
    expires_at: Mapped[datetime | None]


class SigningSecrets:
    """The secrets that sign deliveries: the present one, and the previous one until `previous_until`."""

    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]


class WebhookSecretRow(SigningSecrets, Base):
    """The secrets of a tenant for the URLs that its jobs name."""

    __tablename__ = "webhook_secrets"

    tenant: Mapped[str] = mapped_column(primary_key=True)


class WebhookEndpointRow(SigningSecrets, Base):
    """A webhook endpoint of a tenant."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(index=True)
    url: Mapped[str]
    events: Mapped[list[str]]
    created_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class WebhookDeliveryRow(Base):
    """A delivery of an event to one receiver. `body` is sent unchanged. `receiver` is the host and port of `url`."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    endpoint_id: Mapped[str | None] = mapped_column(index=True)
    url: Mapped[str]
    receiver: Mapped[str]
    event: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "tenant", "id"),
        Index(None, "due_at", postgresql_where=UNDELIVERED, sqlite_where=UNDELIVERED),
        Index(None, "tenant", "due_at", postgresql_where=UNDELIVERED, sqlite_where=UNDELIVERED),
        Index(None, "lease_until", postgresql_where=_IN_HAND, sqlite_where=_IN_HAND),
    )


class UploadRow(Base):
    """An upload in parts; see `shared.domain.upload`."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    filename: Mapped[str]
    size: Mapped[Bytes]
    part_bytes: Mapped[Bytes | None]
    metadata_: Mapped[str | None] = mapped_column("metadata")
    state: Mapped[str]
    offset: Mapped[Bytes] = mapped_column(default=0)
    job_id: Mapped[str | None]
    source_key: Mapped[str | None]
    sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_uploads_unfinished", "tenant", postgresql_where=UNFINISHED_UPLOAD, sqlite_where=UNFINISHED_UPLOAD),
    )


class AudioCopyRow(Base):
    """A copy of a recording for players; it has a `size` once it is made."""

    __tablename__ = "audio_copies"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    wanted_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    size: Mapped[Bytes | None]

    __table_args__ = (Index(None, "wanted_at", postgresql_where=COPY_WANTED, sqlite_where=COPY_WANTED),)


class UploadPartRow(Base):
    """A part of an upload over tus: `size` bytes from `offset` on."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    offset: Mapped[Bytes] = mapped_column(primary_key=True)
    size: Mapped[Bytes]
    key: Mapped[str]


class DeletedJobRow(Base):
    """The remains of a deleted job: its id, its tenant, and whether its objects are deleted too."""

    __tablename__ = "deleted_jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    deleted_at: Mapped[datetime]
    purged: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index(None, "deleted_at", postgresql_where=_NOT_PURGED, sqlite_where=_NOT_PURGED),)
