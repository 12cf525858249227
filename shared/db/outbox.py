"""What is to be told of jobs: written in the transaction that changes them, claimed like any other work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import uuid_utils
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, aliased

from shared.db.claim_queries import free
from shared.db.job_views import look
from shared.db.tables import JobRow, WebhookDeliveryRow, WebhookEndpointRow
from shared.domain.job import Job, SegmentCounts, progress
from shared.domain.urls import split_url
from shared.domain.webhook import DeliveryState, EventType, event_of
from shared.schemas.webhook_events import job_event_body

_MOST_AT_A_RECEIVER = 2
"""Deliveries in hand for one host: one that hangs holds up its own."""

PENDING = WebhookDeliveryRow.state == DeliveryState.PENDING.value


def announce(session: Session, old: Job, new: Job, now: datetime, due_at: Any) -> None:
    """Adds what there is to tell of a job that goes from `old` to `new`, where its options name a receiver."""
    event = event_of(old.state, new.state)
    if event is None or not new.options.notifies:
        return
    counts = _counts(session, new)
    for alert in new.alerts:
        _tell(session, new, EventType.ALERT, job_event_body(EventType.ALERT, new, counts, now, alert), now, due_at)
    _tell(session, new, event, job_event_body(event, new, counts, now), now, due_at)


def announce_progress(session: Session, job_ids: Iterable[str], now: datetime, due_at: Any) -> None:
    """Adds what there is to tell of jobs some of whose segments have just been recorded; call it with their rows held.

    Each tenth of the work is told of once, and not those that were passed at the same time.
    """
    told = select(JobRow.id, JobRow.progress_told).where(JobRow.id.in_(job_ids), JobRow.progress_told.is_not(None))
    tenths = {row.id: row.progress_told for row in session.execute(told)}
    if not tenths:
        return
    session.flush()
    for job, counts in look(session, tenths, None):
        done = int(10 * progress(job, counts))
        if done > (tenths[job.id] or 0):
            session.execute(update(JobRow).where(JobRow.id == job.id).values(progress_told=done))
            _tell(session, job, EventType.PROGRESS, job_event_body(EventType.PROGRESS, job, counts, now), now, due_at)


def _counts(session: Session, job: Job) -> SegmentCounts:
    session.flush()  # what was added in this transaction counts
    ((_, counts),) = look(session, [job.id], None)
    return counts


def _tell(session: Session, job: Job, event: EventType, body: str, now: datetime, due_at: Any) -> None:
    url = job.options.webhook_url or _url_of(session, job, event)
    if url is None:
        return
    row = delivery(job.tenant, url, event, body, now, due_at)
    row.job_id, row.endpoint_id = job.id, job.options.webhook_endpoint_id
    session.add(row)


def delivery(tenant: str, url: str, event: EventType, body: str, now: datetime, due_at: Any) -> WebhookDeliveryRow:
    """An event that waits to be sent."""
    return WebhookDeliveryRow(
        id=f"msg_{uuid_utils.uuid7()}",
        tenant=tenant,
        url=url,
        receiver=receiver_of(url),
        event=event.value,
        body=body,
        state=DeliveryState.PENDING.value,
        due_at=due_at,
        created_at=now,
    )


def receiver_of(url: str) -> str:
    return split_url(url).netloc.lower()


def deliverable(now: Any) -> Select[WebhookDeliveryRow]:
    """Deliveries to attempt, the one that has been due for longest first."""
    other = aliased(WebhookDeliveryRow)
    busy = (
        select(other.receiver)
        .where(other.lease_until >= now)
        .group_by(other.receiver)
        .having(func.count() >= _MOST_AT_A_RECEIVER)
    )
    return (
        select(WebhookDeliveryRow)
        .where(
            PENDING,
            WebhookDeliveryRow.due_at <= now,
            free(WebhookDeliveryRow.lease_until, now),
            WebhookDeliveryRow.receiver.not_in(busy),
        )
        .order_by(WebhookDeliveryRow.due_at, WebhookDeliveryRow.id)
    )


def _url_of(session: Session, job: Job, event: EventType) -> str | None:
    """Where the endpoint that a job names gets this event; None where it does not want it."""
    row = session.get(WebhookEndpointRow, job.options.webhook_endpoint_id)
    wants = row is not None and row.tenant == job.tenant and row.disabled_at is None and event.value in row.events
    return row.url if row and wants else None
