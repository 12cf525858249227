"""Queries for claimable jobs and their order, for `shared.db.work_queue`; `shared.db.turns` has those for segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, String, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from shared.db.tables import ANALYSABLE, JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.segment import SegmentStatus

PENDING = SegmentRow.status == SegmentStatus.PENDING.value


def free(lease_until: Any, now: Any) -> Any:
    """Return the condition that nobody has the lease."""
    return lease_until.is_(None) | (lease_until < now)


def has_free_segments(now: Any) -> Any:
    """Return the condition on `JobRow` that a segment of the job can be claimed."""
    waiting = PENDING & free(SegmentRow.lease_until, now)
    return select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, waiting).exists()


def has_key(session: Session, keys: Sequence[tuple[str, int]]) -> Any:
    """Return the condition that a segment has one of `keys`: the id of its job and its index."""
    key = tuple_(SegmentRow.job_id, SegmentRow.index)
    ids, indexes = ([pair[part] for pair in keys] for part in (0, 1))
    if session.get_bind().dialect.name != "postgresql":
        # SQLite uses no index for a condition on pairs, and would read all segments.
        return SegmentRow.job_id.in_(set(ids)) & SegmentRow.index.in_(set(indexes)) & key.in_(keys)
    # As two arrays: Postgres takes several times as long to plan a condition on hundreds of parameters.
    columns = func.unnest(literal(ids, ARRAY(String)), literal(indexes, ARRAY(Integer)))
    return key.in_(select(columns.table_valued("job_id", "index", name="keys").render_derived()))


def preparable(now: Any) -> Select[JobRow]:
    """Select the jobs to prepare, in the order of their turns."""
    running = aliased(JobRow)
    by_tenant = select(running.tenant, func.count().label("jobs")).where(ANALYSABLE)
    under_way = by_tenant.group_by(running.tenant).subquery()
    return (
        select(JobRow)
        .outerjoin(under_way, under_way.c.tenant == JobRow.tenant)
        .where(*_staged(JobState.QUEUED, JobState.PREPARING, now))
        # Abandoned jobs come first in the alphabetical order of the states.
        .order_by(JobRow.state, JobRow.priority.desc(), func.coalesce(under_way.c.jobs, 0), JobRow.id)
    )


def inferable(now: Any) -> Select[str]:
    """Select the jobs with free segments."""
    return select(JobRow.id).where(ANALYSABLE, has_free_segments(now))


def finishable(now: Any) -> Select[JobRow]:
    """Select the jobs whose segments are all done, the oldest first."""
    unfinished = select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, PENDING).exists()
    return (
        select(JobRow)
        .where(*_staged(JobState.INFERRING, JobState.FINISHING, now), ~unfinished)
        .order_by(JobRow.state, JobRow.id)
    )


def lowest_served(job_id: str) -> Any:
    """Return the lowest `served` of the other jobs under way, 0 where there are none."""
    running = aliased(JobRow)
    lowest = select(func.min(running.served)).where(ANALYSABLE, running.id != job_id)
    return func.coalesce(lowest.scalar_subquery(), 0)


def _staged(waiting: JobState, running: JobState, now: Any) -> tuple[Any, Any]:
    return JobRow.state.in_([waiting.value, running.value]), free(JobRow.lease_until, now)
