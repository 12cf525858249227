"""Webhook endpoints and the log of deliveries, in a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from shared.db.outbox import PENDING, new_delivery, receiver_host
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import SigningSecrets, WebhookDeliveryRow, WebhookEndpointRow
from shared.db.webhook_deliveries import tenant_secret
from shared.domain.errors import DeliveryNotFound, EndpointNotFound
from shared.domain.webhook import OLD_SECRET_SIGNS, Delivery, DeliveryState, Endpoint, EventType, new_secret
from shared.ports import Clock, DeliveryFilter, DeliveryPage
from shared.schemas.webhook_events import endpoint_test_body


class SqlWebhookEndpointStore:
    """`shared.ports.WebhookEndpointStore`.

    A writer that changes deliveries because of their endpoint locks the endpoint's row first.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)

    def add(self, endpoint: Endpoint, secret: str) -> None:
        row = WebhookEndpointRow(
            id=endpoint.id, tenant=endpoint.tenant, secret=secret, created_at=endpoint.created_at, **_values(endpoint)
        )
        with self._write.begin() as session:
            session.add(row)

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        with self._read() as session:
            return _endpoint_from_row(_existing(session, tenant, endpoint_id))

    def list_for_tenant(self, tenant: str) -> Sequence[Endpoint]:
        query = select(WebhookEndpointRow).where(WebhookEndpointRow.tenant == tenant)
        with self._read() as session:
            return list(map(_endpoint_from_row, session.scalars(query.order_by(WebhookEndpointRow.id.desc()))))

    def replace(self, endpoint: Endpoint) -> None:
        with self._write.begin() as session:
            row = _existing(session, endpoint.tenant, endpoint.id, lock=True)
            for name, value in _values(endpoint).items():
                setattr(row, name, value)
            if endpoint.disabled_at:
                _change_waiting(session, endpoint.id, state=DeliveryState.DISABLED.value)
            _change_waiting(session, endpoint.id, url=endpoint.url, receiver=receiver_host(endpoint.url))

    def remove(self, tenant: str, endpoint_id: str) -> None:
        with self._write.begin() as session:
            session.delete(_existing(session, tenant, endpoint_id, lock=True))
            _change_waiting(session, endpoint_id, state=DeliveryState.DISABLED.value)

    def rotate_secret(self, tenant: str, endpoint_id: str | None) -> str:
        with self._write.begin() as session:
            signing: SigningSecrets = (
                _existing(session, tenant, endpoint_id, lock=True) if endpoint_id else tenant_secret(session, tenant)
            )
            signing.previous_secret, signing.previous_until = signing.secret, self._clock.now() + OLD_SECRET_SIGNS
            signing.secret = new_secret()
            return signing.secret

    def send_test(self, endpoint: Endpoint) -> Delivery:
        now = self._clock.now()
        body = endpoint_test_body(endpoint.id, now)
        row = new_delivery(endpoint.tenant, endpoint.url, EventType.TEST, body, now, self._now())
        row.endpoint_id = endpoint.id
        with self._write.begin() as session:
            session.add(row)
            session.flush()
            session.refresh(row)
            return _delivery_from_row(row)

    def page(
        self,
        tenant: str,
        *,
        limit: int,
        after: str | None,
        job_id: str | None,
        endpoint_id: str | None,
        state: DeliveryState | None,
    ) -> DeliveryPage:
        query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.tenant == tenant)
        if after:
            query = query.where(WebhookDeliveryRow.id < after)
        for column, value in (
            (WebhookDeliveryRow.job_id, job_id),
            (WebhookDeliveryRow.endpoint_id, endpoint_id),
            (WebhookDeliveryRow.state, state.value if state else None),
        ):
            if value is not None:
                query = query.where(column == value)
        with self._read() as session:
            rows = session.scalars(query.order_by(WebhookDeliveryRow.id.desc()).limit(limit + 1))
            deliveries = list(map(_delivery_from_row, rows))
        return DeliveryPage(deliveries[:limit], deliveries[limit - 1].id if len(deliveries) > limit else None)

    def send_again(self, tenant: str, delivery_id: str) -> Delivery:
        with self._write.begin() as session:
            row = session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
            if row is None or row.tenant != tenant:
                raise DeliveryNotFound
            if row.endpoint_id:
                row.url = _existing(session, tenant, row.endpoint_id).url
                row.receiver = receiver_host(row.url)
            row.state, row.attempts, row.due_at, row.delivered_at = DeliveryState.PENDING.value, 0, self._now(), None
            # The result of an attempt under way is refused.
            row.fence, row.lease_until = row.fence + 1, None
            session.flush()
            session.refresh(row)
            return _delivery_from_row(row)

    def send_all_again(self, tenant: str, deliveries: DeliveryFilter) -> int:
        delivery, endpoint = WebhookDeliveryRow, WebhookEndpointRow
        enabled = select(endpoint.id).where(endpoint.tenant == tenant, endpoint.disabled_at.is_(None))
        query = select(delivery.id).where(
            delivery.tenant == tenant,
            delivery.created_at >= deliveries.since,
            delivery.state.in_([state.value for state in deliveries.states]),
            or_(delivery.endpoint_id.is_(None), delivery.endpoint_id.in_(enabled)),
        )
        for column, value in ((delivery.endpoint_id, deliveries.endpoint_id), (delivery.job_id, deliveries.job_id)):
            if value is not None:
                query = query.where(column == value)
        if deliveries.until is not None:
            query = query.where(delivery.created_at < deliveries.until)
        with self._read() as session:
            ids = list(session.scalars(query.order_by(delivery.id)))
        sent = 0
        for delivery_id in ids:
            with suppress(DeliveryNotFound, EndpointNotFound):  # deleted since the query
                self.send_again(tenant, delivery_id)
                sent += 1
        return sent


def _existing(session: Session, tenant: str, endpoint_id: str, *, lock: bool = False) -> WebhookEndpointRow:
    row = session.get(WebhookEndpointRow, endpoint_id, with_for_update=lock or None)
    if row is None or row.tenant != tenant:
        raise EndpointNotFound
    return row


def _change_waiting(session: Session, endpoint_id: str, **values: str) -> None:
    waiting = update(WebhookDeliveryRow).where(PENDING, WebhookDeliveryRow.endpoint_id == endpoint_id)
    session.execute(waiting.values(values))


def _values(endpoint: Endpoint) -> dict[str, Any]:
    """Return the columns that may change."""
    return {
        "url": endpoint.url,
        "events": [event.value for event in endpoint.events],
        "failing_since": endpoint.failing_since,
        "disabled_at": endpoint.disabled_at,
    }


def _endpoint_from_row(row: WebhookEndpointRow) -> Endpoint:
    events = tuple(map(EventType, row.events))
    return Endpoint(row.id, row.tenant, row.url, events, row.created_at, row.failing_since, row.disabled_at)


def _delivery_from_row(row: WebhookDeliveryRow) -> Delivery:
    state = DeliveryState(row.state)
    return Delivery(
        id=row.id,
        tenant=row.tenant,
        job_id=row.job_id,
        endpoint_id=row.endpoint_id,
        url=row.url,
        event=EventType(row.event),
        body=row.body,
        state=state,
        attempts=row.attempts,
        next_attempt_at=row.due_at if state is DeliveryState.PENDING else None,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
