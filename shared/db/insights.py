"""The figures of many jobs by group, in one pass over their facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, and_, cast, func, select
from sqlalchemy.orm import Session

from shared.db.fact_tables import FACTS, METADATA, TEN_THOUSANDTHS, analysed_column, share_column
from shared.db.job_queries import fact_conditions, job_conditions, measure_conditions
from shared.db.rows import indexable
from shared.db.tables import JobRow
from shared.domain.emotion import EMOTIONS
from shared.ports import GroupBy, InsightGroup, JobFilter
from shared.ports.job_query import ShareSums


def load_insights(
    session: Session, tenant: str | None, job_filter: JobFilter, group_by: GroupBy
) -> Sequence[InsightGroup]:
    """Return the figures of the jobs that match the filter, in the order of the groups' names."""
    groups: dict[str | None, InsightGroup] = {}
    for name, calls, speech, analysed, measured, *sums in session.execute(insight_query(tenant, job_filter, group_by)):
        shares = {
            emotion: ShareSums(int(total or 0) / TEN_THOUSANDTHS, int(squares or 0) / TEN_THOUSANDTHS**2)
            for emotion, total, squares in zip(EMOTIONS, sums[::2], sums[1::2], strict=True)
        }
        if calls:
            label = group_name(name, group_by)
            group = InsightGroup(label, calls, int(speech), int(analysed), measured, shares)
            groups[label] = add_groups(groups[label], group) if label in groups else group
    return [groups[name] for name in sorted(groups, key=lambda name: (name is None, name or ""))]


def insight_query(tenant: str | None, job_filter: JobFilter, group_by: GroupBy) -> Select[Any]:
    """Select the sums of each group. Shares are summed over the calls that have speech in the part."""
    columns = [FACTS.c[share_column(job_filter.part, emotion)] for emotion in EMOTIONS]
    group = group_column(group_by)
    query = select(
        group,
        func.count(),
        func.sum(FACTS.c.speech),
        func.sum(FACTS.c.analysed),
        func.count().filter(FACTS.c[analysed_column(job_filter.part)] > 0),
        *(
            func.sum(value)
            for column in columns
            for value in (cast(column, Integer), cast(column, Integer) * cast(column, Integer))
        ),
    ).select_from(FACTS)
    if group_by.grouping == "role":
        query = query.where(FACTS.c.channel >= 0, *([] if tenant is None else [FACTS.c.tenant == tenant]))
        query = query.where(*measure_conditions(job_filter))
    else:
        query = query.where(*fact_conditions(job_filter, tenant))
    if group_by.grouping == "metadata":
        entry = and_(METADATA.c.job_id == FACTS.c.job_id, METADATA.c.key == indexable(group_by.key or ""))
        query = query.outerjoin(METADATA, entry)
    if conditions := job_conditions(job_filter, with_facts=True):
        query = query.join(JobRow, JobRow.id == FACTS.c.job_id).where(*conditions)
    return query if group_by.grouping == "none" else query.group_by(group)


def group_column(group_by: GroupBy) -> Any:
    """Return the column by which jobs are grouped; days become weeks afterwards."""
    match group_by.grouping:
        case "none":
            return cast(None, BigInteger)
        case "day" | "week":
            return FACTS.c.day
        case "role":
            return FACTS.c.role
        case "metadata":
            return METADATA.c.value


def group_name(value: date | str | None, group_by: GroupBy) -> str | None:
    """Return the name of a group; that of a week is its Monday."""
    if isinstance(value, date):
        return str(value - timedelta(days=value.weekday()) if group_by.grouping == "week" else value)
    return value


def add_groups(one: InsightGroup, other: InsightGroup) -> InsightGroup:
    """Return the figures of two groups together, under the name of the first."""
    return InsightGroup(
        one.name,
        one.calls + other.calls,
        one.speech + other.speech,
        one.analysed + other.analysed,
        one.measured + other.measured,
        {emotion: one.shares[emotion] + other.shares[emotion] for emotion in one.shares},
    )
