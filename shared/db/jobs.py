"""The job store over SQLAlchemy: claims with leases and fencing, on SQLite and Postgres alike.

Nothing is decided here: which state follows which is the domain's, what to do with a claim is the stages'.

SQLite has one writer at a time. On Postgres (READ COMMITTED) two rules keep writers apart without deadlocks:

- Who writes to segments holds the rows of their jobs first, those of several jobs in the order of their ids.
- Who claims holds nothing first and waits for nobody: what is locked is skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import timedelta
from typing import Any, Self

from sqlalchemy import CursorResult, Engine, Select, delete, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db import admission, corrections, outbox
from shared.db import claim_queries as claiming
from shared.db.admission import Wanted
from shared.db.engine import single_statements
from shared.db.job_views import look
from shared.db.rows import (
    job_of,
    job_values,
    model_value,
    outcome_values,
    result_of,
    segment_values,
    stored_segment_of,
)
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import ANALYSED, DeletedJobRow, JobRow, SegmentRow
from shared.db.usage import measure
from shared.domain.emotion import ModelInfo
from shared.domain.errors import JobDeleted, JobNotFound, LeaseLost, SegmentNotFound
from shared.domain.job import Job, JobState, SegmentCounts
from shared.domain.limits import UNLIMITED, Limits
from shared.domain.segment import PENDING, Correction, SegmentOutcome, SegmentResult, SegmentStatus
from shared.ports import Claim, Clock, JobFilter, JobPage, Queue, SegmentClaim, StoredSegment
from shared.telemetry import traces

_SWEPT_AT_ONCE = 100
_CANDIDATES = 16
"""Jobs that a claim looks at: more than claimers hold locked at a time."""


class SqlJobStore:
    """`shared.ports.JobStore` in a database. `lease_s` is how long a claim lasts without being renewed.

    Leases run on the database's clock, because those of several machines differ: a server's own, and for a SQLite file
    that of this machine. `clock` also dates what users see.
    """

    def __init__(self, engine: Engine, clock: Clock, lease_s: float) -> None:
        self._write = Sessions(engine)
        self._add = Sessions(single_statements(engine))
        self._read = Sessions.reading(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)
        self._lease = timedelta(seconds=lease_s)
        self._tenant: str | None = None

    def of(self, tenant: str) -> Self:
        one = copy(self)
        one._tenant = tenant
        return one

    def add(self, job: Job, limits: Limits = UNLIMITED) -> Job | None:
        try:
            store = self._write if limits.of_jobs else self._add
            with traces.span("submit", job=job.id), store.begin() as session:
                admission.add_within(session, job, limits)
        except IntegrityError:
            with self._read() as session:
                there = admission.with_key_of(session, job)
            if there is None:
                raise
            return there
        return None

    def admit(self, tenant: str, size: int, idempotency_key: str | None, limits: Limits) -> None:
        with self._read() as session:
            admission.check(session, Wanted(tenant, size, idempotency_key, self._clock.now()), limits)

    def get(self, job_id: str) -> Job:
        with self._read() as session:
            return job_of(self._existing(session, job_id))

    def look(self, job_ids: Collection[str]) -> Sequence[tuple[Job, SegmentCounts]]:
        with self._read() as session:
            return look(session, job_ids, self._tenant)

    def page(self, *, limit: int, after: str | None, wanted: JobFilter) -> JobPage:
        query = select(JobRow).order_by(JobRow.id.desc()).limit(limit + 1)
        if self._tenant is not None:
            query = query.where(JobRow.tenant == self._tenant)
        if after:
            query = query.where(JobRow.id < after)
        query = query.where(*_conditions(wanted))
        with self._read() as session:
            jobs = [job_of(row) for row in session.scalars(query)]
        return JobPage(jobs[:limit], jobs[limit - 1].id if len(jobs) > limit else None)

    def get_all(self, job_ids: Collection[str]) -> dict[str, Job]:
        query = select(JobRow).where(JobRow.id.in_(job_ids))
        if self._tenant is not None:
            query = query.where(JobRow.tenant == self._tenant)
        with self._read() as session:
            return {row.id: job_of(row) for row in session.scalars(query)}

    def counts(self, job_ids: Sequence[str]) -> dict[str, SegmentCounts]:
        query = (
            select(SegmentRow.job_id, SegmentRow.status, func.count(), func.sum(SegmentRow.speech))
            .where(SegmentRow.job_id.in_(job_ids))
            .group_by(SegmentRow.job_id, SegmentRow.status)
        )
        found: dict[str, dict[str, tuple[int, int]]] = {job_id: {} for job_id in job_ids}
        with self._read() as session:
            for job_id, status, number, speech in session.execute(query):
                found[job_id][status] = (number, int(speech))  # Postgres sums to a Decimal
        return {job_id: _counts(by_status) for job_id, by_status in found.items()}

    def batch(self, batch_id: str) -> Mapping[JobState, int]:
        query = select(JobRow.state, func.count()).where(JobRow.batch_id == batch_id).group_by(JobRow.state)
        if self._tenant is not None:
            query = query.where(JobRow.tenant == self._tenant)
        with self._read() as session:
            return {JobState(state): number for state, number in session.execute(query)}

    def results(self, job_id: str, *, after: int = -1, limit: int | None = None) -> Sequence[SegmentResult]:
        query = corrections.with_corrections(job_id).where(SegmentRow.index > after)
        with self._read() as session:
            found = session.execute(query.order_by(SegmentRow.index).limit(limit))
            return [result_of(values, correction) for *values, correction in found]

    def segment(self, job_id: str, index: int) -> StoredSegment:
        with self._read() as session:
            row = session.get(SegmentRow, (job_id, index))
            if row is None:
                raise SegmentNotFound
            return stored_segment_of(row)

    def correct(self, job_id: str, index: int, correction: Correction) -> SegmentResult:
        with self._write.begin() as session:
            self._existing(session, job_id, lock=True)
            return corrections.correct(session, job_id, index, correction)

    def withdraw_correction(self, job_id: str, index: int) -> None:
        with self._write.begin() as session:
            self._existing(session, job_id, lock=True)
            corrections.withdraw(session, job_id, index)

    def replace(self, old: Job, new: Job) -> bool:
        with self._write.begin() as session:
            replaced = _replaced(session, old, new)
            if replaced:
                self._tell(session, old, new)
            return replaced

    def retry(self, old: Job, new: Job, *, forget_all: bool) -> bool:
        again = update(SegmentRow).where(SegmentRow.job_id == old.id)
        with self._write.begin() as session:
            if not _replaced(session, old, new):
                return False
            told = update(JobRow).where(JobRow.id == old.id, JobRow.progress_told.is_not(None))
            _affected(session, told.values(progress_told=0))
            if forget_all:
                _affected(session, update(JobRow).where(JobRow.id == old.id).values(model=None))
            else:
                again = again.where(SegmentRow.status == SegmentStatus.SKIPPED.value)
            _affected(
                session,
                again.values(**outcome_values(PENDING), attempts=0, fence=SegmentRow.fence + 1, lease_until=None),
            )
            return True

    def delete(self, job_id: str) -> None:
        with self._write.begin() as session:
            row = self._existing(session, job_id, lock=True)
            measure(session, job_of(row))
            session.delete(row)
            session.add(DeletedJobRow(id=job_id, tenant=row.tenant, deleted_at=self._now()))

    def _existing(self, session: Session, job_id: str, *, lock: bool = False) -> JobRow:
        row = session.get(JobRow, job_id, with_for_update=lock or None)
        if row is not None and self._tenant in (None, row.tenant):
            return row
        deleted = session.get(DeletedJobRow, job_id)
        raise JobDeleted if deleted and self._tenant in (None, deleted.tenant) else JobNotFound

    def expired(self) -> Sequence[str]:
        query = select(JobRow.id).where(JobRow.expires_at <= self._now()).limit(_SWEPT_AT_ONCE)
        with self._read() as session:
            return list(session.scalars(query))

    def audio_expired(self) -> Sequence[Job]:
        query = select(JobRow).where(JobRow.audio_expires_at <= self._now()).limit(_SWEPT_AT_ONCE)
        with self._read() as session:
            return [job_of(row) for row in session.scalars(query)]

    def overdue(self) -> Sequence[Job]:
        query = select(JobRow).where(JobRow.finished_at.is_(None), JobRow.deadline_at <= self._now())
        with self._read() as session:
            return [job_of(row) for row in session.scalars(query.limit(_SWEPT_AT_ONCE))]

    def purgeable(self, after_s: float) -> Sequence[str]:
        deleted_before = self._now() - timedelta(seconds=after_s)
        query = select(DeletedJobRow.id).where(~DeletedJobRow.purged, DeletedJobRow.deleted_at < deleted_before)
        with self._read() as session:
            return list(session.scalars(query))

    def purged(self, job_id: str) -> None:
        with self._write.begin() as session:
            session.execute(update(DeletedJobRow).where(DeletedJobRow.id == job_id).values(purged=True))

    def claimable(self) -> Sequence[Queue]:
        now = self._now()
        work = {
            Queue.PREPARE: claiming.preparable(now),
            Queue.INFER: claiming.inferable(now),
            Queue.FINISH: claiming.finishable(now),
            Queue.DELIVER: outbox.deliverable(now),
        }
        with self._read() as session:
            return [queue for queue, query in work.items() if session.execute(query.order_by(None).limit(1)).first()]

    def claim_preparation(self) -> Claim | None:
        with self._write.begin() as session:
            claim = self._claim(session, claiming.preparable(self._now()))
            if claim:
                begins = claiming.served_beside(claim.job.id)
                later = update(JobRow).where(JobRow.id == claim.job.id, JobRow.served < begins)
                _affected(session, later.values(served=begins))
            return claim

    def claim_finish(self) -> Claim | None:
        with self._write.begin() as session:
            return self._claim(session, claiming.finishable(self._now()))

    def _claim(self, session: Session, query: Select[JobRow]) -> Claim | None:
        # Sorted by what is short first: Postgres, if it is to lock what it sorts, sorts all of all rows.
        first = query.with_only_columns(JobRow.id).limit(_CANDIDATES).scalar_subquery()
        locked = query.where(JobRow.id.in_(first)).limit(1).with_for_update(skip_locked=True, of=JobRow)
        row = session.scalar(locked)
        if row is None:
            return None
        unclaimed = job_of(row)
        job = unclaimed.claimed(self._clock.now())
        _set(row, **job_values(job), fence=row.fence + 1, lease_until=self._leased())
        self._tell(session, unclaimed, job)
        return Claim(job, row.fence)

    def renew(self, claim: Claim) -> None:
        with self._write.begin() as session:
            _must_affect_one(session, _claimed(claim).values(lease_until=self._leased()))

    def save(self, claim: Claim, job: Job, *, add: Iterable[StoredSegment] = ()) -> None:
        left = job.state is not claim.job.state
        lease_until = None if left else self._leased()
        with self._write.begin() as session:
            _must_affect_one(session, _claimed(claim).values(**job_values(job), lease_until=lease_until))
            _put_segments(session, job.id, {stored.segment.index: stored for stored in add})
            self._tell(session, claim.job, job)

    def forget_segments_from(self, claim: Claim, index: int) -> None:
        query = delete(SegmentRow).where(SegmentRow.job_id == claim.job.id, SegmentRow.index >= index)
        with self._write.begin() as session:
            _must_affect_one(session, _claimed(claim).values(lease_until=self._leased()))
            session.execute(query)

    def postpone(self, claim: Claim, job: Job, seconds: float) -> None:
        lease_until = self._now() + timedelta(seconds=seconds)
        with self._write.begin() as session:
            _must_affect_one(session, _claimed(claim).values(**job_values(job), lease_until=lease_until))

    def claim_segments(self, budget: int) -> Sequence[SegmentClaim]:
        with self._write.begin() as session:
            chosen = claiming.share_out(session, self._now(), budget)
            if chosen:
                self._lease_segments(session, chosen)
            return [SegmentClaim(row.job_id, stored_segment_of(row), row.attempts + 1, row.fence + 1) for row in chosen]

    def _lease_segments(self, session: Session, rows: Sequence[SegmentRow]) -> None:
        keys = [(row.job_id, row.index) for row in rows]
        query = update(SegmentRow).where(tuple_(SegmentRow.job_id, SegmentRow.index).in_(keys))
        values = {"attempts": SegmentRow.attempts + 1, "fence": SegmentRow.fence + 1, "lease_until": self._leased()}
        _affected(session, query.values(values))

    def renew_segments(self, claims: Sequence[SegmentClaim]) -> None:
        of_these = select(JobRow.id).where(JobRow.id.in_({claim.job_id for claim in claims}), claiming.ANALYSABLE)
        query = update(SegmentRow).where(_held(claims), SegmentRow.job_id.in_(of_these))
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            if not _affected(session, query.values(lease_until=self._leased())):
                raise LeaseLost

    def record(self, outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]], model: ModelInfo) -> int:
        claims = [claim for claim, _ in outcomes]
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            held = session.scalars(select(SegmentRow).where(_held(claims)).with_for_update())
            rows = {(row.job_id, row.index): row for row in held}
            for claim, outcome in outcomes:
                if row := rows.get((claim.job_id, claim.stored.segment.index)):
                    _set(row, **outcome_values(outcome), lease_until=None)
            jobs = _samples_by_job(rows.values())
            for job_id, samples in jobs.items():
                _affected(session, update(JobRow).where(JobRow.id == job_id).values(served=JobRow.served + samples))
            named = update(JobRow).where(JobRow.id.in_(jobs), JobRow.model.is_(None))
            session.execute(named.values(model=model_value(model)))
            outbox.announce_progress(session, jobs, self._clock.now(), self._now())
        return len(rows)

    def release_segments(self, claims: Sequence[SegmentClaim]) -> None:
        query = update(SegmentRow).where(_held(claims), SegmentRow.lease_until.is_not(None))
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            _affected(session, query.values(lease_until=None, attempts=SegmentRow.attempts - 1))

    def _tell(self, session: Session, old: Job, new: Job) -> None:
        """Writes what follows from a change, to tell and to count, with the change: lost with that, or not at all."""
        if old.state is JobState.PREPARING and new.state is not JobState.PREPARING:
            measure(session, new)
        outbox.announce(session, old, new, self._clock.now(), self._now())

    def _leased(self) -> Any:
        """When a lease that is taken now ends."""
        return self._now() + self._lease


def _replaced(session: Session, old: Job, new: Job) -> bool:
    query = update(JobRow).where(JobRow.id == old.id, JobRow.state == old.state.value)
    return _affected(session, query.values(**job_values(new), fence=JobRow.fence + 1, lease_until=None)) == 1


def _conditions(wanted: JobFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.status:
        conditions.append(JobRow.state.in_([state.value for state in JobState if state.status is wanted.status]))
    if wanted.created_after:
        conditions.append(JobRow.created_at > wanted.created_after)
    if wanted.created_before:
        conditions.append(JobRow.created_at < wanted.created_before)
    if wanted.label:
        labelled = select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, SegmentRow.emotion == wanted.label)
        conditions.append(labelled.where(ANALYSED).exists())
    if wanted.dominant:
        conditions.append(JobRow.dominant == wanted.dominant)
    if wanted.batch_id:
        conditions.append(JobRow.batch_id == wanted.batch_id)
    return conditions


def _claimed(claim: Claim) -> Any:
    return update(JobRow).where(
        JobRow.id == claim.job.id, JobRow.fence == claim.fence, JobRow.state == claim.job.state.value
    )


def _held(claims: Sequence[SegmentClaim]) -> Any:
    keys = [(claim.job_id, claim.stored.segment.index, claim.fence) for claim in claims]
    return tuple_(SegmentRow.job_id, SegmentRow.index, SegmentRow.fence).in_(keys) & claiming.PENDING


def _samples_by_job(rows: Iterable[SegmentRow]) -> Counter[str]:
    samples: Counter[str] = Counter()
    for row in rows:
        samples[row.job_id] += row.end - row.start
    return samples


def _lock_jobs(session: Session, claims: Sequence[SegmentClaim]) -> None:
    ids = {claim.job_id for claim in claims}
    session.execute(select(JobRow.id).where(JobRow.id.in_(ids)).order_by(JobRow.id).with_for_update())


def _put_segments(session: Session, job_id: str, add: Mapping[int, StoredSegment]) -> None:
    query = select(SegmentRow).where(SegmentRow.job_id == job_id, SegmentRow.index.in_(add)).with_for_update()
    there = {row.index: row for row in session.scalars(query)} if add else {}
    for index, stored in add.items():
        row = there.get(index)
        if row is None:
            session.add(SegmentRow(job_id=job_id, index=index, **segment_values(stored)))
        elif stored_segment_of(row) != stored:
            _set(row, **segment_values(stored), fence=row.fence + 1, attempts=0, lease_until=None)
            corrections.forget(session, job_id, index)  # it was said of another piece of sound


def _set(row: JobRow | SegmentRow, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _affected(session: Session, query: Any) -> int:
    result = session.execute(query, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount


def _must_affect_one(session: Session, query: Any) -> None:
    if _affected(session, query) != 1:
        raise LeaseLost


def _counts(by_status: dict[str, tuple[int, int]]) -> SegmentCounts:
    ok, analysed = by_status.get(SegmentStatus.OK.value, (0, 0))
    skipped, _ = by_status.get(SegmentStatus.SKIPPED.value, (0, 0))
    return SegmentCounts(sum(number for number, _ in by_status.values()), ok, skipped, analysed)
