"""Webhook deliveries about jobs, written in the transaction that changes the job and claimed like other work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import uuid_utils
from sqlalchemy import Select, func, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from shared.db.claim_queries import free
from shared.db.job_views import jobs_with_counts
from shared.db.tables import UNDELIVERED, JobRow, WebhookDeliveryRow, WebhookEndpointRow
from shared.domain.job import Job, progress
from shared.domain.urls import split_url
from shared.domain.webhook import Attempt, DeliveryState, EventType, event_of
from shared.schemas.webhook_events import job_event_body, notice_body

_MOST_AT_A_RECEIVER = 2
"""Claimed deliveries for one host: a host that hangs holds up only its own."""

_MOST_OF_A_TENANT = 8
"""Claimed deliveries of one tenant, over all workers: half of what one worker has in hand at once, so that a tenant
whose receivers all hang leaves room for the others."""

PENDING = WebhookDeliveryRow.state == DeliveryState.PENDING.value


def announce(session: Session, old: Job, new: Job, now: datetime, due_at: Any) -> None:
    """Add the deliveries about a job's change from `old` to `new`, where its options name a receiver."""
    event = event_of(old.state, new.state)
    if event is None or not new.options.notifies:
        return
    session.flush()  # segments that were added in this transaction count
    ((_, counts),) = jobs_with_counts(session, [new.id], None)
    for alert in new.alerts:
        _add_delivery(
            session, new, EventType.ALERT, job_event_body(EventType.ALERT, new, counts, now, alert), now, due_at
        )
    _add_delivery(session, new, event, job_event_body(event, new, counts, now), now, due_at)


def announce_progress(session: Session, job_ids: Iterable[str], now: datetime, due_at: Any) -> None:
    """Add the deliveries about the progress of jobs with newly recorded segments. Call it with their rows locked.

    Each tenth of the work is announced once, and of tenths that are passed at the same time only the last.
    """
    announced = select(JobRow.id, JobRow.progress_told).where(JobRow.id.in_(job_ids), JobRow.progress_told.is_not(None))
    tenths = {row.id: row.progress_told for row in session.execute(announced)}
    if not tenths:
        return
    session.flush()
    for job, counts in jobs_with_counts(session, tenths, None):
        tenth = int(10 * progress(job, counts))
        if tenth > (tenths[job.id] or 0):
            session.execute(update(JobRow).where(JobRow.id == job.id).values(progress_told=tenth))
            _add_delivery(
                session, job, EventType.PROGRESS, job_event_body(EventType.PROGRESS, job, counts, now), now, due_at
            )


def _add_delivery(session: Session, job: Job, event: EventType, body: str, now: datetime, due_at: Any) -> None:
    url = job.options.webhook_url
    if not url:
        endpoint = session.get(WebhookEndpointRow, job.options.webhook_endpoint_id)
        if (
            endpoint is None
            or endpoint.tenant != job.tenant
            or endpoint.disabled_at
            or event.value not in endpoint.events
        ):
            return
        url = endpoint.url
    row = new_delivery(job.tenant, url, event, body, now, due_at)
    row.job_id, row.endpoint_id = job.id, job.options.webhook_endpoint_id
    session.add(row)


def raise_notice(
    session: Session, notice: EventType, failed: WebhookDeliveryRow, attempt: Attempt, now: datetime, due_at: Any
) -> None:
    """Add deliveries of a notice about a delivery that failed, to the tenant's other endpoints that want it."""
    query = select(WebhookEndpointRow).where(
        WebhookEndpointRow.tenant == failed.tenant, WebhookEndpointRow.disabled_at.is_(None)
    )
    body = notice_body(notice, now, failed.endpoint_id, failed.url, failed.id, attempt)
    for endpoint in session.scalars(query):
        if endpoint.id != failed.endpoint_id and notice.value in endpoint.events:
            row = new_delivery(failed.tenant, endpoint.url, notice, body, now, due_at)
            row.endpoint_id = endpoint.id
            session.add(row)


def new_delivery(tenant: str, url: str, event: EventType, body: str, now: datetime, due_at: Any) -> WebhookDeliveryRow:
    """Return the row of an event that is to be sent."""
    return WebhookDeliveryRow(
        id=f"msg_{uuid_utils.uuid7()}",
        tenant=tenant,
        url=url,
        receiver=receiver_host(url),
        event=event.value,
        body=body,
        state=DeliveryState.PENDING.value,
        due_at=due_at,
        created_at=now,
    )


def receiver_host(url: str) -> str:
    """Return the host and port of a URL, in lower case."""
    return split_url(url).netloc.lower()


def tenants_in_turn(now: Any) -> Select[str]:
    """Select the tenants with due deliveries: the one with the fewest in hand first, then the one that waited longest.

    Tenants with their share in hand are left out. Deliveries behind the first of a tenant are not looked at.
    """

    def next_tenant(*after: Any) -> Any:
        return select(func.min(WebhookDeliveryRow.tenant)).where(UNDELIVERED, *after).scalar_subquery()

    tenants = select(next_tenant().label("tenant")).cte("tenants", recursive=True)
    later = next_tenant(WebhookDeliveryRow.tenant > tenants.c.tenant)
    tenants = tenants.union_all(select(later).where(tenants.c.tenant.is_not(None)))
    leased, due = aliased(WebhookDeliveryRow), aliased(WebhookDeliveryRow)
    # The offset keeps SQLite from grouping by the index of all deliveries instead of that of those in hand.
    held = select(leased.tenant).where(leased.lease_until >= now).offset(0).subquery()
    in_hand = select(held.c.tenant, func.count().label("number")).group_by(held.c.tenant).subquery()
    number = func.coalesce(in_hand.c.number, 0)
    pending = due.state == literal_column(f"'{DeliveryState.PENDING.value}'")
    oldest = select(func.min(due.due_at)).where(pending, due.tenant == tenants.c.tenant).scalar_subquery()
    return (
        select(tenants.c.tenant)
        .outerjoin(in_hand, in_hand.c.tenant == tenants.c.tenant)
        .where(tenants.c.tenant.is_not(None), oldest <= now, number < _MOST_OF_A_TENANT)
        .order_by(number, oldest)
    )


def deliverable(now: Any) -> Select[WebhookDeliveryRow]:
    """Select the deliveries to attempt, apart from the turns of tenants: the one that was due first comes first."""
    leased = aliased(WebhookDeliveryRow)
    busy = (
        select(leased.receiver)
        .where(leased.lease_until >= now)
        .group_by(leased.receiver)
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
