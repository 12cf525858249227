"""Queries for claimable work and its order, for `shared.db.work_queue`.

Segments are shared out by start-time fair queueing (docs/adr/0011): each job counts the samples analysed for it, the
job with the lowest count comes first, and a new job begins at the lowest count of the jobs under way. So a recording of
a day neither delays one of a minute nor is delayed by a stream of short ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from shared.db.tables import JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentStatus

_MOST_SEGMENTS = 256
"""Segments of one claim; a batch of short segments is still minutes of audio."""

_MOST_JOBS = 256
"""Jobs of one claim."""

_ROWS_LOCKED_AT_ONCE = 16
"""Segments of a job that a claim reads together: it locks all of them, though it may take fewer."""

_USUAL_SEGMENT = 10 * SAMPLE_RATE

PENDING = SegmentRow.status == SegmentStatus.PENDING.value


def _analysable(job: type[JobRow]) -> Any:
    # The condition on `finished_at` is redundant, but there is an index of unfinished jobs.
    return job.state.in_([JobState.PREPARING.value, JobState.INFERRING.value]) & job.finished_at.is_(None)


ANALYSABLE = _analysable(JobRow)


def free(lease_until: Any, now: Any) -> Any:
    """Return the condition that nobody has the lease."""
    return lease_until.is_(None) | (lease_until < now)


def preparable(now: Any) -> Select[JobRow]:
    """Select the jobs to prepare, in the order of their turns."""
    running = aliased(JobRow)
    by_tenant = select(running.tenant, func.count().label("jobs")).where(_analysable(running))
    under_way = by_tenant.group_by(running.tenant).subquery()
    return (
        select(JobRow)
        .outerjoin(under_way, under_way.c.tenant == JobRow.tenant)
        .where(*_staged(JobState.QUEUED, JobState.PREPARING, now))
        # Abandoned jobs come first in the alphabetical order of the states.
        .order_by(JobRow.state, JobRow.priority.desc(), func.coalesce(under_way.c.jobs, 0), JobRow.id)
    )


def finishable(now: Any) -> Select[JobRow]:
    """Select the jobs whose segments are all done, the oldest first."""
    unfinished = select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, PENDING).exists()
    return (
        select(JobRow)
        .where(*_staged(JobState.INFERRING, JobState.FINISHING, now), ~unfinished)
        .order_by(JobRow.state, JobRow.id)
    )


def inferable(now: Any) -> Select[str, str, int, int, int]:
    """Select the jobs with free segments, and the indexes of the first and the last of these.

    The first job of each tenant comes first, then the second of each, and so on.
    """
    waiting = PENDING & free(SegmentRow.lease_until, now)
    first, last = (
        select(end(SegmentRow.index)).where(SegmentRow.job_id == JobRow.id, waiting).scalar_subquery()
        for end in (func.min, func.max)
    )
    turn = func.row_number().over(partition_by=(JobRow.priority, JobRow.tenant), order_by=(JobRow.served, JobRow.id))
    exists = select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, waiting).exists()
    return (
        select(JobRow.id, JobRow.tenant, JobRow.priority, first.label("first"), last.label("last"))
        .where(ANALYSABLE, exists)
        .order_by(JobRow.priority.desc(), turn, JobRow.served, JobRow.id)
    )


def lowest_served(job_id: str) -> Any:
    """Return the lowest `served` of the other jobs under way, 0 where there are none."""
    running = aliased(JobRow)
    lowest = select(func.min(running.served)).where(_analysable(running), running.id != job_id)
    return func.coalesce(lowest.scalar_subquery(), 0)


def _staged(waiting: JobState, running: JobState, now: Any) -> tuple[Any, Any]:
    return JobRow.state.in_([waiting.value, running.value]), free(JobRow.lease_until, now)


def share_out(session: Session, now: Any, budget: int) -> list[SegmentRow]:
    """Lock and return up to `budget` samples of free segments, at least one segment."""
    jobs = session.execute(inferable(now).limit(_MOST_JOBS)).all()
    shares = _Shares(session, now, budget, jobs)
    for _, same_priority in groupby(jobs, key=lambda job: job.priority):
        by_tenant: dict[str, list[str]] = {}
        for job in same_priority:
            by_tenant.setdefault(job.tenant, []).append(job.id)
        shares.share_among(list(by_tenant.values()))
    return shares.chosen


class _Shares:
    """A budget that is shared out among `jobs`, rows of `inferable`."""

    def __init__(self, session: Session, now: Any, budget: int, jobs: Sequence[Any]) -> None:
        self.chosen: list[SegmentRow] = []
        self._session = session
        self._now = now
        self._budget_left = budget
        self._last_taken: dict[str, int] = {}
        self._last_free = {job.id: job.last for job in jobs}
        self._exhausted: set[str] = set()
        # One query locks the first segments of the first jobs. Short recordings have no other segment, and a query for
        # each would take longer than the model.
        firsts = [(job.id, job.first) for job in jobs[: budget // _USUAL_SEGMENT + 1]]
        query = self._free().where(tuple_(SegmentRow.job_id, SegmentRow.index).in_(firsts))
        self._firsts = {row.job_id: row for row in session.scalars(query)} if firsts else {}

    def share_among(self, tenants: list[list[str]]) -> None:
        """Take segments of the jobs of each tenant until the budget or the segments are used up."""
        before = -1
        while before < len(self.chosen) and not self._full:
            before = len(self.chosen)
            for index, jobs in enumerate(tenants):
                self._take_of_tenant(jobs, self._budget_left // (len(tenants) - index))

    @property
    def _full(self) -> bool:
        return len(self.chosen) >= _MOST_SEGMENTS or (self._budget_left <= 0 and bool(self.chosen))

    def _take_of_tenant(self, jobs: list[str], share: int) -> None:
        """Take about `share` samples of these jobs, at least a segment."""
        jobs = [job_id for job_id in jobs if job_id not in self._exhausted]
        for index, job_id in enumerate(jobs):
            if self._full or (share <= 0 and index):
                return
            share -= self._take_of_job(job_id, share // (len(jobs) - index))

    def _take_of_job(self, job_id: str, share: int) -> int:
        """Take the next segments that fit into `share`, and the first one whenever it fits into the budget."""
        taken_samples = 0
        for row in self._free_segments(job_id, share):
            samples = row.end - row.start
            if self.chosen and samples > self._budget_left:
                self._budget_left = 0  # a search for a shorter one would be a query for each job, and out of turn
            if self._full or (taken_samples and samples > share - taken_samples):
                return taken_samples
            self.chosen.append(row)
            self._last_taken[job_id] = row.index
            self._budget_left -= samples
            taken_samples += samples
            if taken_samples >= share:
                return taken_samples
        self._exhausted.add(job_id)
        return taken_samples

    def _free_segments(self, job_id: str, share: int) -> Iterator[SegmentRow]:
        if first := self._firsts.pop(job_id, None):
            yield first
        at_once = min(_ROWS_LOCKED_AT_ONCE, share // _USUAL_SEGMENT + 1)
        query = self._free().where(SegmentRow.job_id == job_id).order_by(SegmentRow.index).limit(at_once)
        after = self._last_taken.get(job_id, -1)
        while after < self._last_free[job_id]:
            rows = self._session.scalars(query.where(SegmentRow.index > after)).all()
            if not rows:
                return
            yield from rows
            after = rows[-1].index

    def _free(self) -> Select[SegmentRow]:
        """Select free segments and lock them, except those that others have locked."""
        free_now = free(SegmentRow.lease_until, self._now)
        return select(SegmentRow).where(PENDING, free_now).with_for_update(skip_locked=True)
