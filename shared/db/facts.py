"""The facts of jobs, written in the transaction that ends or corrects them. A writer locks the row of the job first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Session

from shared.db.corrections import results_with_corrections
from shared.db.fact_tables import (
    FACTS,
    METADATA,
    TEN_THOUSANDTHS,
    WHOLE_RECORDING,
    analysed_column,
    label_bits,
    share_column,
)
from shared.db.rows import indexable, recorded_at, result_from_row
from shared.db.sessions import affected_rows
from shared.db.tables import JobRow, SegmentRow
from shared.db.usage import utc_day
from shared.domain.emotion import EMOTIONS
from shared.domain.facts import PARTS, ChannelFacts, PartFacts, WorstMinute
from shared.domain.job import Job, JobState
from shared.domain.segment import SegmentResult, apply_corrections
from shared.domain.talk import Talk
from shared.domain.timeline import confident, dominant
from shared.findings.facts import collect_facts

FACTS_VERSION = 1
"""The version of the rules of facts. Raise it when they change: the sweep then makes those of ended jobs anew.

1: unfamiliar speech makes no worst minute.
"""


def store_facts(session: Session, job: Job) -> None:
    """Replace the facts of a job that has ended, its metadata and its dominant emotion."""
    put_metadata(session, job)
    session.execute(delete(FACTS).where(FACTS.c.job_id == job.id))
    values: dict[str, Any] = {"facts_version": FACTS_VERSION}
    if job.state is JobState.SUCCEEDED:
        segments = apply_corrections(stored_segments(session, job.id))
        labels = label_bits({result.outcome.emotion for result in segments if result.ok})
        rows = [fact_values(job, facts) | {"labels": labels} for facts in collect_facts(job, segments)]
        session.execute(insert(FACTS), rows)
        leading = dominant(confident(segments, job.options.aggregation.min_confidence))
        values["dominant"] = leading.emotion if leading else None
    affected_rows(session, update(JobRow).where(JobRow.id == job.id).values(values))


def forget_facts(session: Session, job_id: str) -> None:
    """Delete the facts of a job, which are wrong as soon as it is tried again."""
    session.execute(delete(FACTS).where(FACTS.c.job_id == job_id))
    affected_rows(session, update(JobRow).where(JobRow.id == job_id).values(facts_version=0))


def put_metadata(session: Session, job: Job) -> None:
    """Replace the metadata by which a job is found."""
    session.execute(delete(METADATA).where(METADATA.c.job_id == job.id))
    entries = {indexable(key): indexable(value) for key, value in job.options.metadata.items()}
    rows = [{"job_id": job.id, "tenant": job.tenant, "key": key, "value": value} for key, value in entries.items()]
    if rows:
        session.execute(insert(METADATA), rows)


def stored_segments(session: Session, job_id: str) -> Sequence[SegmentResult]:
    """Return the segments of a job with their corrections."""
    session.flush()
    rows = session.execute(results_with_corrections(job_id).order_by(SegmentRow.index))
    return [result_from_row(row) for row in rows]


def fact_values(job: Job, facts: ChannelFacts) -> dict[str, Any]:
    """Return the columns of the facts of a channel."""
    talk = facts.talk
    values: dict[str, Any] = {
        "job_id": job.id,
        "tenant": job.tenant,
        "channel": WHOLE_RECORDING if facts.channel is None else facts.channel,
        "role": facts.role,
        "day": utc_day(recorded_at(job)),
        "segments": facts.segments,
        "skipped": facts.skipped,
        "corrected": facts.corrected,
        "alerts": len(job.alerts),
        "speech": facts.speech,
        "analysed": facts.analysed,
        "worst_start": facts.worst_minute.start if facts.worst_minute else None,
        "worst_share": ten_thousandths(facts.worst_minute.share) if facts.worst_minute else 0,
        "talk_share": ten_thousandths(talk.share) if talk else None,
        "interruptions": talk.interruptions if talk else None,
    }
    for part, part_facts in facts.parts.items():
        values[analysed_column(part)] = part_facts.analysed
        for emotion in EMOTIONS:
            values[share_column(part, emotion)] = ten_thousandths(part_facts.shares.get(emotion, 0.0))
    return values


def ten_thousandths(share: float) -> int:
    """Return a share as it is stored."""
    return round(share * TEN_THOUSANDTHS)


def load_facts(session: Session, job_ids: Collection[str], channel: int | str | None) -> dict[str, ChannelFacts]:
    """Return the facts of a channel, by number or role, or of the whole recording, for each of the jobs with any."""
    rows = session.execute(select(FACTS).where(FACTS.c.job_id.in_(job_ids), in_channel(channel))).mappings()
    return {row["job_id"]: facts_from_row(row) for row in rows}


def in_channel(channel: int | str | None) -> Any:
    """Return the condition that facts are of a channel, by number or role, or of the whole recording."""
    if isinstance(channel, str):
        return FACTS.c.role == channel
    return FACTS.c.channel == (WHOLE_RECORDING if channel is None else channel)


def distinct_values(session: Session, column: Column[str], tenant: str | None) -> list[str]:
    """Return the different values of a column of a tenant's facts or metadata, of all tenants if it is None."""
    query = select(column).distinct().where(column.is_not(None))
    return list(session.scalars(query if tenant is None else query.where(column.table.c.tenant == tenant)))


def facts_from_row(row: RowMapping) -> ChannelFacts:
    """Return the facts of a row."""
    channel = None if row["channel"] == WHOLE_RECORDING else row["channel"]
    parts = {
        part: PartFacts(
            row[analysed_column(part)],
            {
                emotion: row[share_column(part, emotion)] / TEN_THOUSANDTHS
                for emotion in EMOTIONS
                if row[share_column(part, emotion)]
            },
        )
        for part in PARTS
    }
    start, talk = row["worst_start"], None
    if channel is not None and row["talk_share"] is not None:
        talk = Talk(channel, row["talk_share"] / TEN_THOUSANDTHS, row["interruptions"])
    return ChannelFacts(
        channel=channel,
        role=row["role"],
        speech=row["speech"],
        analysed=row["analysed"],
        segments=row["segments"],
        skipped=row["skipped"],
        corrected=row["corrected"],
        parts=parts,
        worst_minute=None if start is None else WorstMinute(start, row["worst_share"] / TEN_THOUSANDTHS),
        talk=talk,
    )
