"""Queries for claimable jobs and their order, for `shared.db.work_queue`; `shared.db.turns` has those for segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, CTE, Boolean, Select, bindparam, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from shared.db.tables import ANALYSABLE, FINISHABLE, PENDING, QUEUED, JobRow, SegmentRow
from shared.domain.job import JobState
from shared.domain.options import PRIORITIES

UNFINISHED = select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, PENDING).exists()
"""The condition on `JobRow` that a segment of the job has no outcome."""
_MOST_UNDER_WAY = 1000
"""Jobs under way that are counted for a tenant; one that has more has waited for none."""


def free(lease_until: Any, now: Any) -> Any:
    """Return the condition that nobody has the lease."""
    return lease_until.is_(None) | (lease_until < now)


def has_free_segments(now: Any) -> Any:
    """Return the condition on `JobRow` that a segment of the job can be claimed."""
    waiting = PENDING & free(SegmentRow.lease_until, now)
    return select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id, waiting).exists()


def has_key(session: Session, keys: Sequence[tuple[str, int]]) -> Any:
    """Return the condition that a segment has one of `keys`: the id of its job and its index."""
    if _on_postgres(session):
        return _among((SegmentRow.job_id, SegmentRow.index), keys)
    # SQLite uses no index for a condition on pairs, and would read all segments.
    ids, indexes = ({key[part] for key in keys} for part in (0, 1))
    pairs = tuple_(SegmentRow.job_id, SegmentRow.index).in_(keys)
    return SegmentRow.job_id.in_(ids) & SegmentRow.index.in_(indexes) & pairs


def has_fence(session: Session, fences: Sequence[tuple[str, int, int]]) -> Any:
    """Return the condition that a segment has one of `fences`: the id of its job, its index and its fence."""
    columns = (SegmentRow.job_id, SegmentRow.index, SegmentRow.fence)
    if _on_postgres(session):
        return _among(columns, fences)
    return has_key(session, [fence[:2] for fence in fences]) & tuple_(*columns).in_(fences)


def _on_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _among(columns: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> Any:
    """Return the condition that the columns of a segment have the values of one of `rows`, for Postgres.

    They come as an array for each column: Postgres takes several times as long to plan a condition on hundreds of
    parameters.
    """
    arrays = (literal([row[part] for row in rows], ARRAY(column.type)) for part, column in enumerate(columns))
    names = [column.key for column in columns]
    return tuple_(*columns).in_(select(func.unnest(*arrays).table_valued(*names, name="keys").render_derived()))


def preparable(now: Any) -> Select[str]:
    """Select the jobs to prepare."""
    waiting = (JobState.QUEUED.value, JobState.PREPARING.value)
    return select(JobRow.id).where(JobRow.state.in_(waiting), free(JobRow.lease_until, now))


def abandoned_preparations(to_download: bool, now: Any) -> Select[JobRow]:
    """Select the jobs whose preparation was abandoned or postponed, the highest priority first, then the oldest."""
    in_state = (JobRow.state == JobState.PREPARING.value, JobRow.to_download == to_download)
    abandoned = (*in_state, free(JobRow.lease_until, now))
    return select(JobRow).where(*abandoned).order_by(JobRow.priority.desc(), JobRow.id)


def tenants_with(*conditions: Any) -> CTE:
    """Return the tenants that have jobs with these conditions, found step by step through an index.

    Each step is a query for each priority, because the indexes begin with it, and are in order within each.
    """

    def next_tenant(*after: Any, known: CTE | None = None) -> Any:
        firsts = [
            select(func.min(JobRow.tenant).label("tenant"))
            .where(*conditions, JobRow.priority == priority, *after)
            .correlate(known)
            for priority in range(len(PRIORITIES))
        ]
        return select(func.min(union_all(*firsts).subquery().c.tenant)).scalar_subquery()

    tenants = select(next_tenant().label("tenant")).cte("tenants", recursive=True)
    later = next_tenant(JobRow.tenant > tenants.c.tenant, known=tenants)
    return tenants.union_all(select(later).where(tenants.c.tenant.is_not(None)))


def tenants_in_turn() -> Select[Any]:
    """Select the tenants with queued jobs of `:to_download`, that with the fewest under way first.

    Of equals, the one whose next job is the oldest comes first. A row has the tenant and the priority of its next job.
    """
    queued = (QUEUED, JobRow.to_download == bindparam("to_download", type_=Boolean))
    tenants = tenants_with(*queued)
    running, named = aliased(JobRow), aliased(JobRow)
    # The priorities are named because the index begins with them.
    of_tenant = (ANALYSABLE, running.priority.in_(range(len(PRIORITIES))), running.tenant == tenants.c.tenant)
    under_way = select(running.id).where(*of_tenant).limit(_MOST_UNDER_WAY).correlate(tenants).subquery()
    oldest = (
        select(func.min(JobRow.id)).where(*queued, JobRow.priority == priority, JobRow.tenant == tenants.c.tenant)
        for priority in reversed(range(len(PRIORITIES)))
    )
    turns = (
        select(
            tenants.c.tenant,
            select(func.count()).select_from(under_way).scalar_subquery().label("under_way"),
            func.coalesce(*(query.scalar_subquery() for query in oldest)).label("next_job"),
        )
        .where(tenants.c.tenant.is_not(None))
        .subquery()
    )
    priority = select(named.priority).where(named.id == turns.c.next_job).scalar_subquery()
    return select(turns.c.tenant, priority.label("priority")).order_by(turns.c.under_way, turns.c.next_job)


def queued_jobs(tenant: str, priority: int, to_download: bool, now: Any) -> Select[JobRow]:
    """Select the queued jobs of a tenant and a priority, the oldest first."""
    of_kind = (QUEUED, JobRow.to_download == to_download, JobRow.priority == priority)
    queued = (*of_kind, JobRow.tenant == tenant, free(JobRow.lease_until, now))
    return select(JobRow).where(*queued).order_by(JobRow.id)


def inferable(now: Any) -> Select[str]:
    """Select the jobs with free segments."""
    return select(JobRow.id).where(ANALYSABLE, has_free_segments(now))


def finishable(now: Any) -> Select[JobRow]:
    """Select the jobs to finish: those whose finishing was abandoned first, then the oldest."""
    jobs = select(JobRow).where(FINISHABLE, free(JobRow.lease_until, now), ~UNFINISHED)
    return jobs.order_by(JobRow.state, JobRow.id)


def lowest_served(job_id: str) -> Any:
    """Return the lowest `served` of the other jobs under way, 0 where there are none."""
    running = aliased(JobRow)
    lowest = select(func.min(running.served)).where(ANALYSABLE, running.id != job_id)
    return func.coalesce(lowest.scalar_subquery(), 0)
