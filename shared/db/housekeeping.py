"""Regular maintenance of the jobs in a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Select, select, update
from sqlalchemy.orm import Session

from shared.db.claim_queries import UNFINISHED, finishable, inferable, preparable
from shared.db.copies import wanted_copies
from shared.db.facts import FACTS_VERSION, store_facts
from shared.db.outbox import deliverable
from shared.db.rows import job_from_row, sought_values
from shared.db.sessions import Sessions, affected_rows, database_clock
from shared.db.tables import ENDED, DeletedJobRow, JobRow, SegmentRow
from shared.domain.job import Job, JobState
from shared.ports import Clock, Queue

_SWEPT_AT_ONCE = 400
"""About as many jobs as are deleted until the next sweep."""

_FACTS_AT_ONCE = 200
"""A second's work; the other tasks of the sweep wait for it."""


def _has_any(session: Session, query: Select[Any]) -> bool:
    return session.execute(query.order_by(None).limit(1)).first() is not None


class SqlHousekeeping:
    """`shared.ports.Housekeeping`, on the database's clock."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)
        self._now = database_clock(engine, clock)

    def expired(self) -> Sequence[str]:
        query = select(JobRow.id).where(JobRow.expires_at <= self._now()).limit(_SWEPT_AT_ONCE)
        with self._read() as session:
            return list(session.scalars(query))

    def audio_expired(self) -> Sequence[Job]:
        query = select(JobRow).where(JobRow.audio_expires_at <= self._now()).limit(_SWEPT_AT_ONCE)
        with self._read() as session:
            return [job_from_row(row) for row in session.scalars(query)]

    def overdue(self) -> Sequence[Job]:
        query = select(JobRow).where(JobRow.finished_at.is_(None), JobRow.deadline_at <= self._now())
        with self._read() as session:
            return [job_from_row(row) for row in session.scalars(query.limit(_SWEPT_AT_ONCE))]

    def purgeable(self, after_s: float) -> Sequence[str]:
        deleted_before = self._now() - timedelta(seconds=after_s)
        query = select(DeletedJobRow.id).where(~DeletedJobRow.purged, DeletedJobRow.deleted_at < deleted_before)
        with self._read() as session:
            return list(session.scalars(query))

    def mark_purged(self, job_id: str) -> None:
        with self._write.begin() as session:
            session.execute(update(DeletedJobRow).where(DeletedJobRow.id == job_id).values(purged=True))

    def mark_segments_done(self) -> None:
        unmarked = (JobRow.state == JobState.INFERRING.value, ~JobRow.segments_done, ~UNFINISHED)
        with self._read() as session:
            job_ids = session.scalars(select(JobRow.id).where(*unmarked)).all()
        if job_ids:
            with self._write.begin() as session:
                session.execute(update(JobRow).where(JobRow.id.in_(job_ids), *unmarked).values(segments_done=True))

    def referenced_keys(self, job_ids: Collection[str]) -> Mapping[str, set[str]]:
        with self._read() as session:
            jobs = [job_from_row(row) for row in session.scalars(select(JobRow).where(JobRow.id.in_(job_ids)))]
            # The size is unknown until a recording is downloaded.
            with_audio = [job for job in jobs if not job.audio_deleted and job.recording.size_bytes is not None]
            keys: dict[str, set[str]] = {job_id: set() for job_id in job_ids}
            for job in with_audio:
                keys[job.id].add(job.recording.source_key)
            audio = select(SegmentRow.job_id, SegmentRow.audio_key).where(
                SegmentRow.job_id.in_([job.id for job in with_audio])
            )
            logits = select(SegmentRow.job_id, SegmentRow.logits_key).where(
                SegmentRow.job_id.in_(job_ids), SegmentRow.logits_key.is_not(None)
            )
            for job_id, key in session.execute(audio.distinct().union_all(logits.distinct())):
                keys[job_id].add(key)
        return keys

    def renew_facts(self) -> None:
        outdated = select(JobRow.id).where(ENDED, JobRow.facts_version < FACTS_VERSION).limit(_FACTS_AT_ONCE)
        with self._read() as session:
            job_ids = session.scalars(outdated).all()
        for job_id in job_ids:
            with self._write.begin() as session:
                row = session.get(JobRow, job_id, with_for_update=True)
                if row is not None and row.finished_at is not None:
                    job = job_from_row(row)
                    affected_rows(session, update(JobRow).where(JobRow.id == job_id).values(sought_values(job)))
                    store_facts(session, job)

    def claimable(self) -> Sequence[Queue]:
        now = self._now()
        queries = {
            Queue.PREPARE: preparable(now),
            Queue.INFER: inferable(now),
            Queue.FINISH: finishable(now),
            Queue.DELIVER: deliverable(now),
        }
        with self._read() as session:
            claimable = [queue for queue, query in queries.items() if _has_any(session, query)]
            if Queue.PREPARE not in claimable and _has_any(session, wanted_copies(now)):
                claimable.append(Queue.PREPARE)
            return claimable
