"""Queries for jobs by their columns, their facts and their metadata. Each finds ids, from narrow rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select

from shared.db.fact_tables import FACTS, METADATA, TEN_THOUSANDTHS, label_bits, share_column
from shared.db.facts import in_channel
from shared.db.rows import indexable
from shared.db.tables import ANALYSED, JobRow, SegmentCorrectionRow, SegmentRow
from shared.domain.job import JobState
from shared.ports import JobCursor, JobFilter, JobOrder


def sorted_job_ids(tenant: str | None, job_filter: JobFilter, order: JobOrder, after: JobCursor | None) -> Select[Any]:
    """Select the ids of jobs with the value that they are sorted by, from the one after `after`."""
    value = sort_column(job_filter, order)
    needs_facts = order.needs_facts or has_fact_conditions(job_filter)
    query = select(JobRow.id, value).where(*job_conditions(job_filter, with_facts=needs_facts))
    if tenant is not None:
        query = query.where(JobRow.tenant == tenant)
    if needs_facts:
        # The tenant is the job's. With the facts' too, SQLite would look up each job among all facts of the tenant.
        query = query.join(FACTS, FACTS.c.job_id == JobRow.id).where(*fact_conditions(job_filter, None))
        if order.key in ("interruptions", "talk_share"):  # not measured in each recording
            query = query.where(value.is_not(None))
    if after is not None:
        query = query.where(comes_after(value, after, descending=order.descending))
    # Sorted by the value alone, Postgres could not use an index that has the id too.
    columns = (JobRow.id,) if value is JobRow.id else (value, JobRow.id)
    return query.order_by(*(column.desc() if order.descending else column.asc() for column in columns))


def sort_column(job_filter: JobFilter, order: JobOrder) -> Any:
    """Return the column that jobs are sorted by. Ids begin with the time of submission."""
    match order.key:
        case "submitted":
            return JobRow.id
        case "name":
            return JobRow.name
        case "length":
            return JobRow.length
        case "share":
            return FACTS.c[share_column(job_filter.part, job_filter.emotion or "")]
        case "worst_minute":
            return FACTS.c.worst_share
        case "interruptions":
            return FACTS.c.interruptions
        case "talk_share":
            return FACTS.c.talk_share


def comes_after(value: Any, after: JobCursor, *, descending: bool) -> Any:
    """Return the condition that a job comes after another."""
    later_id = JobRow.id < after.job_id if descending else JobRow.id > after.job_id
    if after.value is None:
        return later_id
    later = value < after.value if descending else value > after.value
    return or_(later, and_(value == after.value, later_id))


def job_conditions(job_filter: JobFilter, *, with_facts: bool) -> list[Any]:
    """Return the conditions on the rows of jobs; `with_facts` leaves out those that facts can tell more quickly."""
    conditions: list[Any] = []
    if job_filter.status:
        conditions.append(JobRow.state.in_([state.value for state in JobState if state.status is job_filter.status]))
    limits = (
        (JobRow.created_at, job_filter.created_after, job_filter.created_before),
        (JobRow.recorded_at, job_filter.recorded_after, job_filter.recorded_before),
    )
    for column, after, before in limits:
        conditions += [column > after] if after else []
        conditions += [column < before] if before else []
    if job_filter.label and not (with_facts and label_bits([job_filter.label])):
        conditions.append(has_label(job_filter.label))
    if job_filter.dominant:
        conditions.append(JobRow.dominant == job_filter.dominant)
    if job_filter.batch_id:
        conditions.append(JobRow.batch_id == job_filter.batch_id)
    if job_filter.name:
        conditions.append(JobRow.name.contains(indexable(job_filter.name.casefold()), autoescape=True))
    if job_filter.min_length is not None:
        conditions.append(JobRow.length >= job_filter.min_length)
    if job_filter.max_length is not None:
        conditions.append(JobRow.length <= job_filter.max_length)
    return conditions + [has_metadata(key, value) for key, value in job_filter.metadata]


def has_label(emotion: str) -> Any:
    """Return the condition that a segment of a job has an emotion, as people corrected it, from the segments."""
    same_segment = (SegmentCorrectionRow.job_id == SegmentRow.job_id) & (SegmentCorrectionRow.index == SegmentRow.index)
    in_job = (SegmentRow.job_id == JobRow.id, ANALYSED)
    uncorrected = ~select(SegmentCorrectionRow.index).where(same_segment).exists()
    by_model = select(SegmentRow.index).where(*in_job, SegmentRow.emotion == emotion, uncorrected)
    by_person = (
        select(SegmentRow.index)
        .join(SegmentCorrectionRow, same_segment)
        .where(*in_job, SegmentCorrectionRow.emotion == emotion)
    )
    return or_(by_model.exists(), by_person.exists())


def has_metadata(key: str, value: str) -> Any:
    """Return the condition that a job has an entry in its metadata."""
    entry = METADATA.alias()
    of_job = (entry.c.job_id == JobRow.id, entry.c.tenant == JobRow.tenant)
    is_entry = (entry.c.key == indexable(key), entry.c.value == indexable(value))
    # As `IN`, SQLite would collect the jobs with the entry anew for each job.
    return select(entry.c.job_id).where(*of_job, *is_entry).exists()


def has_fact_conditions(job_filter: JobFilter) -> bool:
    """Return whether a filter asks for facts."""
    values = (
        job_filter.channel,
        job_filter.emotion,
        job_filter.has_alerts,
        job_filter.has_corrections,
        job_filter.min_interruptions,
        job_filter.min_talk_share,
    )
    return any(value is not None for value in values)


def fact_conditions(job_filter: JobFilter, tenant: str | None) -> list[Any]:
    """Return the conditions on the facts of jobs, of which each job then has one row."""
    same_tenant = [] if tenant is None else [FACTS.c.tenant == tenant]
    return [*same_tenant, in_channel(job_filter.channel), *measure_conditions(job_filter)]


def measure_conditions(job_filter: JobFilter) -> list[Any]:
    """Return the conditions on the figures of a channel."""
    conditions: list[Any] = []
    if job_filter.label and (bits := label_bits([job_filter.label])):
        conditions.append(FACTS.c.labels.bitwise_and(bits) != 0)
    if job_filter.emotion:
        share = FACTS.c[share_column(job_filter.part, job_filter.emotion)]
        least = 0 if job_filter.min_share is None else round(job_filter.min_share * TEN_THOUSANDTHS)
        conditions.append(share >= max(1, least))
    for column, wanted in ((FACTS.c.alerts, job_filter.has_alerts), (FACTS.c.corrected, job_filter.has_corrections)):
        if wanted is not None:
            conditions.append(column > 0 if wanted else column == 0)
    if job_filter.min_interruptions is not None:
        conditions.append(FACTS.c.interruptions >= job_filter.min_interruptions)
    if job_filter.min_talk_share is not None:
        conditions.append(FACTS.c.talk_share >= round(job_filter.min_talk_share * TEN_THOUSANDTHS))
    return conditions
