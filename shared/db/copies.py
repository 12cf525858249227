"""Copies of recordings for players, in a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db.claim_queries import free
from shared.db.rows import job_from_row
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import COPY_WANTED, AudioCopyRow, JobRow
from shared.domain.errors import JobDeleted, LeaseLost
from shared.domain.job import MAX_ATTEMPTS
from shared.ports import Clock, CopyClaim, WantedCopy


class SqlCopyQueue:
    """`shared.ports.CopyQueue`, on the database's clock. A claim lasts `lease_s` without being renewed."""

    def __init__(self, engine: Engine, clock: Clock, lease_s: float) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)
        self._now = database_clock(engine, clock)
        self._lease = timedelta(seconds=lease_s)

    def want(self, job_id: str) -> WantedCopy:
        given_up = (AudioCopyRow.attempts >= MAX_ATTEMPTS) & free(AudioCopyRow.lease_until, self._now())
        with self._read() as session:
            row = session.execute(select(AudioCopyRow.size, given_up).where(AudioCopyRow.job_id == job_id)).first()
        if row is None:
            try:
                with self._write.begin() as session:
                    session.add(AudioCopyRow(job_id=job_id, wanted_at=self._now()))
            except IntegrityError as error:  # the job is gone, or another request was first
                with self._read() as session:
                    if session.get(JobRow, job_id) is None:
                        raise JobDeleted from error
            return WantedCopy(None, failed=False)
        size, failed = row
        return WantedCopy(size, failed=size is None and bool(failed))

    def claim(self) -> CopyClaim | None:
        with self._read() as session:
            if session.scalar(wanted_copies(self._now()).limit(1)) is None:
                return None
        query = wanted_copies(self._now()).order_by(AudioCopyRow.wanted_at).limit(1)
        with self._write.begin() as session:
            row = session.scalar(query.with_for_update(skip_locked=True, of=AudioCopyRow))
            if row is None:
                return None
            row.attempts, row.fence, row.lease_until = row.attempts + 1, row.fence + 1, self._now() + self._lease
            return CopyClaim(job_from_row(session.get_one(JobRow, row.job_id)), row.fence)

    def renew(self, claim: CopyClaim) -> None:
        with self._write.begin() as session:
            _held(session, claim).lease_until = self._now() + self._lease

    def release(self, claim: CopyClaim, *, tried: bool) -> None:
        with self._write.begin() as session:
            row = _held(session, claim)
            row.attempts, row.lease_until = row.attempts - (0 if tried else 1), None

    def finish(self, claim: CopyClaim, size: int) -> bool:
        expired = JobRow.audio_deleted | (JobRow.audio_expires_at <= self._now())
        job_id = claim.job.id
        with self._write.begin() as session:
            row = _held(session, claim)
            if session.scalar(select(JobRow.id).where(JobRow.id == job_id, expired)) is not None:
                session.delete(row)
                return False
            row.size, row.lease_until = size, None
            return True


def wanted_copies(now: Any) -> Select[AudioCopyRow]:
    """Return the query for copies that somebody wants and nobody makes."""
    untried = AudioCopyRow.attempts < MAX_ATTEMPTS
    return select(AudioCopyRow).where(COPY_WANTED, untried, free(AudioCopyRow.lease_until, now))


def _held(session: Session, claim: CopyClaim) -> AudioCopyRow:
    held = select(AudioCopyRow).where(AudioCopyRow.job_id == claim.job.id, AudioCopyRow.fence == claim.fence)
    row = session.scalar(held.with_for_update())
    if row is None:
        raise LeaseLost
    return row
