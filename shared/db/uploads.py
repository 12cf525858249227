"""Uploads in parts, in a database. A writer locks the row of the upload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db import admission
from shared.db.admission import Admission
from shared.db.claim_queries import free
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import UploadPartRow, UploadRow
from shared.domain.job import Job
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.upload import LASTS, PartedUpload, UploadState
from shared.domain.upload_errors import UploadBusy, UploadComplete, UploadNotFound, UploadOffset, UploadUsed
from shared.ports import Clock, StoredPart, UploadClaim

_LEASE = timedelta(seconds=120)
"""The lease of a request that joins parts: a store may take a minute to end a large object."""
PARTS_STILL_COMING = timedelta(hours=24)
"""A part whose transfer to a store began before its URL expired has arrived after this time, or never will."""
_SWEPT_AT_ONCE = 100


class SqlUploadStore:
    """`shared.ports.UploadStore`, on the database's clock. `clock` dates the times that users see."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)

    def add(self, upload: PartedUpload, limits: Limits = UNLIMITED) -> None:
        with self._write.begin() as session:
            admission.admit(session, Admission(upload.tenant, upload.size, None, upload.created_at), limits)
            session.add(
                UploadRow(
                    id=upload.id,
                    tenant=upload.tenant,
                    filename=upload.filename,
                    size=upload.size,
                    part_bytes=upload.part_bytes,
                    metadata_=upload.metadata,
                    state=upload.state.value,
                    created_at=upload.created_at,
                    expires_at=upload.expires_at,
                )
            )

    def get(self, tenant: str, upload_id: str) -> PartedUpload:
        with self._read() as session:
            return _upload_from_row(_existing(session, self._unexpired(tenant, upload_id)))

    def appended_parts(self, upload_id: str) -> Sequence[StoredPart]:
        query = select(UploadPartRow).where(UploadPartRow.upload_id == upload_id).order_by(UploadPartRow.offset)
        with self._read() as session:
            return [StoredPart(row.key, row.size) for row in session.scalars(query)]

    def claim_to_append(self, tenant: str, upload_id: str, offset: int) -> UploadClaim:
        with self._write.begin() as session:
            row = _existing(session, self._unexpired(tenant, upload_id).with_for_update())
            if row.part_bytes is not None:
                raise UploadNotFound
            if row.offset != offset:
                raise UploadOffset
            if row.offset < row.size:  # a complete upload may be claimed by a request that joins it
                row.fence += 1
            return UploadClaim(_upload_from_row(row), row.fence)

    def append(self, claim: UploadClaim, part: StoredPart) -> UploadClaim:
        with self._write.begin() as session:
            row = _held(session, claim)
            session.add(UploadPartRow(upload_id=row.id, offset=row.offset, size=part.size, key=part.key))
            row.offset += part.size
            row.expires_at = self._clock.now() + LASTS
            return UploadClaim(_upload_from_row(row), row.fence)

    def claim_to_complete(self, tenant: str, upload_id: str, job_id: str) -> UploadClaim:
        now = self._now()
        unclaimed = self._unexpired(tenant, upload_id).where(free(UploadRow.lease_until, now)).with_for_update()
        with self._write.begin() as session:
            row = _existing(session, self._unexpired(tenant, upload_id).with_for_update())
            if row.state != UploadState.OPEN.value:
                raise UploadComplete
            if session.scalar(unclaimed) is None:
                raise UploadBusy
            row.job_id = row.job_id or job_id
            row.fence, row.lease_until = row.fence + 1, now + _LEASE
            row.expires_at = self._clock.now() + LASTS
            return UploadClaim(_upload_from_row(row), row.fence)

    def renew(self, claim: UploadClaim) -> None:
        with self._write.begin() as session:
            _held(session, claim).lease_until = self._now() + _LEASE

    def release(self, claim: UploadClaim) -> None:
        claimed = update(UploadRow).where(UploadRow.id == claim.upload.id, UploadRow.fence == claim.fence)
        with self._write.begin() as session:
            session.execute(claimed.values(lease_until=None))

    def complete(self, claim: UploadClaim, source_key: str, sha256: str) -> None:
        with self._write.begin() as session:
            row = _held(session, claim)
            row.state, row.lease_until = UploadState.COMPLETE.value, None
            row.source_key, row.sha256 = source_key, sha256
            session.execute(delete(UploadPartRow).where(UploadPartRow.upload_id == row.id))

    def use(self, upload: PartedUpload, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        try:
            with self._write.begin() as session:
                row = _existing(session, self._unexpired(upload.tenant, upload.id).with_for_update())
                _check_unused(row)
                row.state = UploadState.USED.value  # before the limits are checked, so that it does not count twice
                admission.add_within_limits(session, job, limits)
        except (IntegrityError, UploadUsed):
            with self._read() as session:
                existing = admission.job_with_same_key(session, job)
            if existing is None:
                raise
            return existing
        return None

    def delete(self, tenant: str, upload_id: str) -> PartedUpload:
        with self._write.begin() as session:
            row = _existing(session, self._unexpired(tenant, upload_id).with_for_update())
            _check_unused(row)
            row.state = UploadState.DELETED.value
            return _upload_from_row(row)

    def delete_expired(self) -> Sequence[PartedUpload]:
        unused = UploadRow.state.in_([UploadState.OPEN.value, UploadState.COMPLETE.value])
        expired = select(UploadRow).where(UploadRow.expires_at <= self._now(), unused).limit(_SWEPT_AT_ONCE)
        with self._write.begin() as session:
            rows = session.scalars(expired.with_for_update(skip_locked=True)).all()
            for row in rows:
                row.state = UploadState.DELETED.value
            return [_upload_from_row(row) for row in rows]

    def purgeable(self) -> Sequence[PartedUpload]:
        expired = select(UploadRow).where(purgeable_uploads(self._now()))
        with self._read() as session:
            return [_upload_from_row(row) for row in session.scalars(expired.limit(_SWEPT_AT_ONCE))]

    def mark_purged(self, upload_id: str) -> None:
        with self._write.begin() as session:
            session.execute(delete(UploadRow).where(UploadRow.id == upload_id))

    def _unexpired(self, tenant: str, upload_id: str) -> Select[UploadRow]:
        return select(UploadRow).where(
            UploadRow.id == upload_id,
            UploadRow.tenant == tenant,
            UploadRow.state != UploadState.DELETED.value,
            UploadRow.expires_at > self._now(),
        )


def purgeable_uploads(now: Any) -> Any:
    """Return the condition that the objects of an upload are not needed and none can still come."""
    unneeded = UploadRow.state.in_([UploadState.DELETED.value, UploadState.USED.value])
    return (UploadRow.expires_at <= now - PARTS_STILL_COMING) & unneeded


def _existing(session: Session, query: Select[UploadRow]) -> UploadRow:
    row = session.scalar(query)
    if row is None:
        raise UploadNotFound
    return row


def _held(session: Session, claim: UploadClaim) -> UploadRow:
    held = select(UploadRow).where(
        UploadRow.id == claim.upload.id, UploadRow.fence == claim.fence, UploadRow.state == UploadState.OPEN.value
    )
    row = session.scalar(held.with_for_update())
    if row is None:
        raise UploadBusy
    return row


def _check_unused(row: UploadRow) -> None:
    if row.state == UploadState.USED.value:
        raise UploadUsed(f"A job was made of this upload already: {row.job_id}.")


def _upload_from_row(row: UploadRow) -> PartedUpload:
    return PartedUpload(
        id=row.id,
        tenant=row.tenant,
        filename=row.filename,
        size=row.size,
        part_bytes=row.part_bytes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=UploadState(row.state),
        offset=row.offset,
        metadata=row.metadata_,
        job_id=row.job_id,
        source_key=row.source_key,
        sha256=row.sha256,
    )
