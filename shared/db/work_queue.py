"""Claims of jobs and segments with leases and fencing, on SQLite and Postgres alike.

The domain decides which state follows which, and the stages decide on the outcome of a claim.

SQLite has one writer at a time. On Postgres (READ COMMITTED) two rules keep writers apart without deadlocks:

- A writer of segments locks the rows of their jobs first, several of them in the order of their ids.
- A claimer locks nothing first and never waits: it skips locked rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, Select, case, delete, select, update
from sqlalchemy.orm import Session

from shared.db import claim_queries, corrections, outbox
from shared.db.rows import (
    job_from_row,
    job_values,
    model_to_json,
    outcome_values,
    segment_values,
    stored_segment_from_row,
)
from shared.db.sessions import Sessions, affected_rows, database_clock
from shared.db.tables import ANALYSABLE, PENDING, JobRow, SegmentRow
from shared.db.transitions import record_transition
from shared.db.turns import SegmentTurns
from shared.domain.emotion import ModelInfo
from shared.domain.errors import LeaseLost
from shared.domain.job import Job, JobState
from shared.domain.segment import SegmentOutcome
from shared.ports import Claim, Clock, SegmentClaim, StoredSegment


class SqlWorkQueue:
    """`shared.ports.WorkQueue`. `lease_s` is how long a claim lasts without being renewed.

    Leases run on the database's clock, because the clocks of several machines differ: a server's own clock, and this
    machine's for a SQLite file. `clock` dates the times that users see.
    """

    def __init__(self, engine: Engine, clock: Clock, lease_s: float) -> None:
        self._write = Sessions(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)
        self._turns = SegmentTurns(self._now)
        self._tenants_in_turn = claim_queries.tenants_in_turn()
        self._lease = timedelta(seconds=lease_s)

    def claim_preparation(
        self, to_download: bool | None = None, excluded_tenants: Collection[str] = ()
    ) -> Claim | None:
        kinds = (False, True) if to_download is None else (to_download,)
        with self._write.begin() as session:
            claim = self._claim(
                session, chain.from_iterable(self.preparable(session, kind, excluded_tenants) for kind in kinds)
            )
            if claim:
                start = claim_queries.lowest_served(claim.job.id)
                behind = update(JobRow).where(JobRow.id == claim.job.id, JobRow.served < start)
                affected_rows(session, behind.values(served=start))
            return claim

    def preparable(
        self, session: Session, to_download: bool, excluded_tenants: Collection[str]
    ) -> Iterator[Select[JobRow]]:
        """Yield queries for jobs to prepare, one after the other."""
        abandoned = claim_queries.abandoned_preparations(to_download, self._now())
        yield abandoned.where(JobRow.tenant.not_in(excluded_tenants)) if excluded_tenants else abandoned
        for tenant, highest in session.execute(self._tenants_in_turn, {"to_download": to_download}).all():
            if tenant not in excluded_tenants:
                for priority in range(highest, -1, -1):
                    yield claim_queries.queued_jobs(tenant, priority, to_download, self._now())

    def claim_finish(self) -> Claim | None:
        with self._write.begin() as session:
            return self._claim(session, [claim_queries.finishable(self._now())])

    def _claim(self, session: Session, queries: Iterable[Select[JobRow]]) -> Claim | None:
        """Claim the first job of the first query that has one which is not locked."""
        rows = (session.scalar(query.limit(1).with_for_update(skip_locked=True, of=JobRow)) for query in queries)
        row = next(filter(None, rows), None)
        if row is None:
            return None
        unclaimed = job_from_row(row)
        job = unclaimed.claimed(self._clock.now())
        _set(row, **job_values(job), fence=row.fence + 1, lease_until=self._lease_end())
        record_transition(session, unclaimed, job, self._clock.now(), self._now())
        return Claim(job, row.fence)

    def renew(self, claim: Claim) -> None:
        with self._write.begin() as session:
            _update_claimed(session, claim, lease_until=self._lease_end())

    def save(self, claim: Claim, job: Job, *, add: Iterable[StoredSegment] = (), speakers: Sequence[int] = ()) -> None:
        lease_until = self._lease_end() if job.state is claim.job.state else None
        with self._write.begin() as session:
            _update_claimed(session, claim, **job_values(job), lease_until=lease_until)
            _put_segments(session, job.id, {stored.segment.index: stored for stored in add})
            if speakers:
                session.flush()
                rows = [{"job_id": job.id, "index": index, "speaker": each} for index, each in enumerate(speakers)]
                session.execute(update(SegmentRow), rows)
            if job.state is JobState.INFERRING:
                session.flush()
                prepared = update(JobRow).where(JobRow.id == job.id)
                affected_rows(session, prepared.values(segments_done=~claim_queries.UNFINISHED))
            record_transition(session, claim.job, job, self._clock.now(), self._now())

    def forget_segments_from(self, claim: Claim, index: int) -> None:
        query = delete(SegmentRow).where(SegmentRow.job_id == claim.job.id, SegmentRow.index >= index)
        with self._write.begin() as session:
            _update_claimed(session, claim, lease_until=self._lease_end())
            session.execute(query)

    def postpone(self, claim: Claim, job: Job, seconds: float) -> None:
        lease_until = self._now() + timedelta(seconds=seconds)
        with self._write.begin() as session:
            _update_claimed(session, claim, **job_values(job), lease_until=lease_until)

    def claim_segments(self, budget: int) -> Sequence[SegmentClaim]:
        with self._write.begin() as session:
            rows = self._turns.share_out(session, budget)
            if rows:
                keys = [(row.job_id, row.index) for row in rows]
                leased = update(SegmentRow).where(claim_queries.has_key(session, keys))
                values = {"attempts": SegmentRow.attempts + 1, "fence": SegmentRow.fence + 1}
                affected_rows(session, leased.values(**values, lease_until=self._lease_end()))
            return [
                SegmentClaim(row.job_id, stored_segment_from_row(row), row.attempts + 1, row.fence + 1) for row in rows
            ]

    def renew_segments(self, claims: Sequence[SegmentClaim]) -> None:
        job_ids = {claim.job_id for claim in claims}
        running = select(JobRow.id).where(JobRow.id.in_(job_ids), ANALYSABLE)
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            query = update(SegmentRow).where(_held(session, claims), SegmentRow.job_id.in_(running))
            if not affected_rows(session, query.values(lease_until=self._lease_end())):
                raise LeaseLost

    def record(
        self,
        outcomes: Sequence[tuple[SegmentClaim, SegmentOutcome]],
        model: ModelInfo,
        logits_keys: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        claims = [claim for claim, _ in outcomes]
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            keys = select(SegmentRow.job_id, SegmentRow.index).where(_held(session, claims)).with_for_update()
            held = {(job_id, index) for job_id, index in session.execute(keys)}
            samples: Counter[str] = Counter()
            rows: list[dict[str, Any]] = []
            for claim, outcome in outcomes:
                segment = claim.stored.segment
                if (claim.job_id, segment.index) in held:
                    logits_key = logits_keys.get(claim.job_id) if outcome.scores else None
                    values = outcome_values(outcome) | {"logits_key": logits_key, "lease_until": None}
                    rows.append({"job_id": claim.job_id, "index": segment.index, **values})
                    samples[claim.job_id] += segment.duration
            if rows:
                session.execute(update(SegmentRow), rows)
                number = case(samples, value=JobRow.id)
                values = {"served": JobRow.served + number, "segments_done": ~claim_queries.UNFINISHED}
                affected_rows(session, update(JobRow).where(JobRow.id.in_(samples)).values(values))
            unnamed = update(JobRow).where(JobRow.id.in_(samples), JobRow.model.is_(None))
            session.execute(unnamed.values(model=model_to_json(model)))
            outbox.announce_progress(session, samples, self._clock.now(), self._now())
        return len(rows)

    def release_segments(self, claims: Sequence[SegmentClaim]) -> None:
        with self._write.begin() as session:
            _lock_jobs(session, claims)
            query = update(SegmentRow).where(_held(session, claims), SegmentRow.lease_until.is_not(None))
            affected_rows(session, query.values(lease_until=None, attempts=SegmentRow.attempts - 1))

    def _lease_end(self) -> Any:
        """Return the end of a lease that begins now."""
        return self._now() + self._lease


def _update_claimed(session: Session, claim: Claim, **values: Any) -> None:
    """Update the row of a claimed job. Raises LeaseLost."""
    claimed = update(JobRow).where(
        JobRow.id == claim.job.id, JobRow.fence == claim.fence, JobRow.state == claim.job.state.value
    )
    if affected_rows(session, claimed.values(**values)) != 1:
        raise LeaseLost


def _held(session: Session, claims: Sequence[SegmentClaim]) -> Any:
    fences = [(claim.job_id, claim.stored.segment.index, claim.fence) for claim in claims]
    return claim_queries.has_fence(session, fences) & PENDING


def _lock_jobs(session: Session, claims: Sequence[SegmentClaim]) -> None:
    ids = {claim.job_id for claim in claims}
    session.execute(select(JobRow.id).where(JobRow.id.in_(ids)).order_by(JobRow.id).with_for_update())


def _put_segments(session: Session, job_id: str, add: Mapping[int, StoredSegment]) -> None:
    query = select(SegmentRow).where(SegmentRow.job_id == job_id, SegmentRow.index.in_(add)).with_for_update()
    rows = {row.index: row for row in session.scalars(query)} if add else {}
    for index, stored in add.items():
        row = rows.get(index)
        if row is None:
            session.add(SegmentRow(job_id=job_id, index=index, **segment_values(stored)))
        elif stored_segment_from_row(row) != stored:
            _set(row, **segment_values(stored), fence=row.fence + 1, attempts=0, lease_until=None)
            corrections.delete_correction(session, job_id, index)  # it was of another piece of sound


def _set(row: JobRow | SegmentRow, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
