"""Jobs and their results in a database, on SQLite and Postgres alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db import admission, corrections, facts
from shared.db.admission import Admission
from shared.db.engine import autocommit
from shared.db.fact_tables import FACTS, METADATA
from shared.db.insights import load_insights
from shared.db.job_queries import sorted_job_ids
from shared.db.job_views import jobs_with_counts
from shared.db.rows import job_from_row, job_values, outcome_values, result_from_row, stored_segment_from_row
from shared.db.sessions import Sessions, affected_rows, database_clock
from shared.db.tables import DeletedJobRow, JobRow, SegmentRow
from shared.db.transitions import record_transition
from shared.db.usage import record_usage
from shared.domain.errors import JobDeleted, JobNotDeleted, JobNotFound, SegmentNotFound
from shared.domain.job import Deletion, Job, JobState, SegmentCounts
from shared.domain.lanes import HeardSegment
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.segment import PENDING, Correction, SegmentResult, SegmentStatus
from shared.ports import Clock, GroupBy, InsightGroup, JobCursor, JobFilter, JobOrder, JobPage, StoredSegment
from shared.ports.job_query import NEWEST_FIRST
from shared.telemetry import traces

_REVISED = ("recording", "options", "expires_at", "audio_expires_at", "audio_deleted")
"""The columns that change after a job has ended."""


class SqlJobRepository:
    """`shared.ports.JobRepository`. `clock` dates the times that users see."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._add = Sessions(autocommit(engine))
        self._read = Sessions.read_only(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)
        self._tenant: str | None = None

    def for_tenant(self, tenant: str) -> Self:
        restricted = copy(self)
        restricted._tenant = tenant
        return restricted

    def add(self, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        try:
            sessions = self._write if limits.limits_jobs or job.options.metadata else self._add
            with traces.span("submit", job=job.id), sessions.begin() as session:
                admission.add_within_limits(session, job, limits)
        except IntegrityError:
            with self._read() as session:
                existing = admission.job_with_same_key(session, job)
            if existing is None:
                raise
            return existing
        return None

    def admit(self, tenant: str, size: int, idempotency_key: str | None, limits: Limits) -> None:
        with self._read() as session:
            admission.check_limits(session, Admission(tenant, size, idempotency_key, self._clock.now()), limits)

    def get(self, job_id: str) -> Job:
        with self._read() as session:
            return job_from_row(self._existing(session, job_id))

    def deletion(self, job_id: str) -> Deletion:
        with self._read() as session:
            deleted = session.get(DeletedJobRow, job_id)
            if deleted is None or self._tenant not in (None, deleted.tenant):
                self._existing(session, job_id)
                raise JobNotDeleted
            return Deletion(deleted.deleted_at, deleted.purged)

    def get_with_counts(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        with self._read() as session:
            return jobs_with_counts(session, job_ids, self._tenant)

    def page(
        self, *, limit: int, after: JobCursor | None, job_filter: JobFilter, order: JobOrder = NEWEST_FIRST
    ) -> JobPage:
        query = sorted_job_ids(self._tenant, job_filter, order, after)
        with self._read() as session:
            places = session.execute(query.limit(limit + 1)).all()
            ids = [job_id for job_id, _ in places[:limit]]
            rows = {row.id: row for row in session.scalars(select(JobRow).where(JobRow.id.in_(ids)))}
            listed_facts = facts.load_facts(session, ids, job_filter.channel)
        jobs = [job_from_row(rows[job_id]) for job_id in ids if job_id in rows]  # one may be deleted in between
        if len(places) <= limit:
            return JobPage(jobs, listed_facts, None)
        last_id, value = places[limit - 1]
        return JobPage(jobs, listed_facts, JobCursor(last_id, None if order.key == "submitted" else value))

    def insights(self, job_filter: JobFilter, group_by: GroupBy) -> Sequence[InsightGroup]:
        with self._read() as session:
            return load_insights(session, self._tenant, job_filter, group_by)

    def roles(self) -> Sequence[str]:
        with self._read() as session:
            return facts.distinct_values(session, FACTS.c.role, self._tenant)

    def metadata_keys(self) -> Sequence[str]:
        with self._read() as session:
            return facts.distinct_values(session, METADATA.c.key, self._tenant)

    def get_all(self, job_ids: Collection[str]) -> dict[str, Job]:
        query = select(JobRow).where(JobRow.id.in_(job_ids), *self._visible)
        with self._read() as session:
            return {row.id: job_from_row(row) for row in session.scalars(query)}

    def counts(self, job_ids: Sequence[str]) -> dict[str, SegmentCounts]:
        query = (
            select(SegmentRow.job_id, SegmentRow.status, func.count(), func.sum(SegmentRow.speech))
            .where(SegmentRow.job_id.in_(job_ids))
            .group_by(SegmentRow.job_id, SegmentRow.status)
        )
        counts = dict.fromkeys(job_ids, SegmentCounts())
        with self._read() as session:
            for job_id, status, number, speech in session.execute(query):
                count = replace(counts[job_id], total=counts[job_id].total + number)
                if status == SegmentStatus.OK.value:
                    count = replace(count, ok=number, analysed=int(speech))  # Postgres sums to a Decimal
                elif status == SegmentStatus.SKIPPED.value:
                    count = replace(count, skipped=number)
                counts[job_id] = count
        return counts

    def batch(self, batch_id: str) -> Mapping[JobState, int]:
        query = select(JobRow.state, func.count()).where(JobRow.batch_id == batch_id, *self._visible)
        with self._read() as session:
            return {JobState(state): number for state, number in session.execute(query.group_by(JobRow.state))}

    def results(self, job_id: str, *, after: int = -1, limit: int | None = None) -> Sequence[SegmentResult]:
        query = corrections.results_with_corrections(job_id).where(SegmentRow.index > after)
        with self._read() as session:
            rows = session.execute(query.order_by(SegmentRow.index).limit(limit))
            return [result_from_row(row) for row in rows]

    def heard(self, job: Job) -> Sequence[HeardSegment]:
        with self._read() as session:
            return corrections.heard_segments(session, job)

    def segment(self, job_id: str, index: int) -> StoredSegment:
        with self._read() as session:
            row = session.get(SegmentRow, (job_id, index))
            if row is None:
                raise SegmentNotFound
            return stored_segment_from_row(row)

    def logits_keys(self, job_id: str, indexes: range) -> Mapping[int, str]:
        query = select(SegmentRow.index, SegmentRow.logits_key).where(
            SegmentRow.job_id == job_id,
            SegmentRow.index >= indexes.start,
            SegmentRow.index < indexes.stop,
        )
        with self._read() as session:
            return {index: key for index, key in session.execute(query) if key is not None}

    def correct(self, job_id: str, index: int, correction: Correction) -> SegmentResult:
        with self._write.begin() as session:
            row = self._existing(session, job_id, lock=True)
            corrected = corrections.correct(session, job_id, index, correction)
            follow_corrections(session, row)
            return corrected

    def withdraw_correction(self, job_id: str, index: int) -> None:
        with self._write.begin() as session:
            row = self._existing(session, job_id, lock=True)
            corrections.withdraw(session, job_id, index)
            follow_corrections(session, row)

    def revise(self, job_id: str, revise: Callable[[Job], Job]) -> Job:
        with self._write.begin() as session:
            row = self._existing(session, job_id, lock=True)
            revised = revise(job_from_row(row))
            values = job_values(revised)
            for column in _REVISED:
                setattr(row, column, values[column])
            return revised

    def replace(self, old: Job, new: Job) -> bool:
        with self._write.begin() as session:
            replaced = _replace_if_unchanged(session, old, new)
            if replaced:
                record_transition(session, old, new, self._clock.now(), self._now())
            return replaced

    def retry(self, old: Job, new: Job, *, forget_all: bool) -> bool:
        pending = update(SegmentRow).where(SegmentRow.job_id == old.id)
        with self._write.begin() as session:
            if not _replace_if_unchanged(session, old, new):
                return False
            facts.forget_facts(session, old.id)
            progress = update(JobRow).where(JobRow.id == old.id, JobRow.progress_told.is_not(None))
            affected_rows(session, progress.values(progress_told=0))
            if forget_all:
                affected_rows(session, update(JobRow).where(JobRow.id == old.id).values(model=None))
            else:
                pending = pending.where(SegmentRow.status == SegmentStatus.SKIPPED.value)
            values = outcome_values(PENDING) | {"attempts": 0, "fence": SegmentRow.fence + 1, "lease_until": None}
            affected_rows(session, pending.values(values))
            return True

    def delete(self, job_id: str) -> None:
        with self._write.begin() as session:
            row = self._existing(session, job_id, lock=True)
            record_usage(session, job_from_row(row))
            session.delete(row)
            session.add(DeletedJobRow(id=job_id, tenant=row.tenant, deleted_at=self._now()))

    @property
    def _visible(self) -> list[Any]:
        """The conditions on jobs that this repository's tenant may see."""
        return [] if self._tenant is None else [JobRow.tenant == self._tenant]

    def _existing(self, session: Session, job_id: str, *, lock: bool = False) -> JobRow:
        row = session.get(JobRow, job_id, with_for_update=lock or None)
        if row is not None and self._tenant in (None, row.tenant):
            return row
        deleted = session.get(DeletedJobRow, job_id)
        raise JobDeleted if deleted and self._tenant in (None, deleted.tenant) else JobNotFound


def follow_corrections(session: Session, row: JobRow) -> None:
    """Store the facts of a job anew; one that has not succeeded has none."""
    if row.state == JobState.SUCCEEDED.value:
        facts.store_facts(session, job_from_row(row))


def _replace_if_unchanged(session: Session, old: Job, new: Job) -> bool:
    query = update(JobRow).where(JobRow.id == old.id, JobRow.state == old.state.value)
    return affected_rows(session, query.values(**job_values(new), fence=JobRow.fence + 1, lease_until=None)) == 1
