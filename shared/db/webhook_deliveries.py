"""Deliveries of events, and the secrets that sign them, in a database.

Who writes to deliveries because of their endpoint holds its row first.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db.outbox import PENDING, deliverable
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import JobRow, Signing, WebhookDeliveryRow, WebhookEndpointRow, WebhookSecretRow
from shared.domain.webhook import (
    DISABLED_AFTER,
    Attempt,
    DeliveryState,
    new_secret,
    state_after,
    wait_after,
)
from shared.ports import Clock, DeliveryClaim

_LEASE = timedelta(seconds=120)
"""An attempt is not renewed: it takes 20 s, and some more where a name is resolved slowly."""


class SqlDeliveryQueue:
    """`shared.ports.DeliveryQueue`, on the database's clock; `clock` dates what users see."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)

    def claim(self) -> DeliveryClaim | None:
        due = deliverable(self._now()).limit(1).with_for_update(skip_locked=True, of=WebhookDeliveryRow)
        with self._write.begin() as session:
            while row := session.scalar(due):
                if signing := _signing(session, row):
                    row.attempts, row.fence = row.attempts + 1, row.fence + 1
                    row.lease_until = self._now() + _LEASE
                    return self._claimed(session, row, signing)
                row.state = DeliveryState.DISABLED.value  # its endpoint was deleted while it was written
        return None

    def _claimed(self, session: Session, row: WebhookDeliveryRow, signing: Signing) -> DeliveryClaim:
        return DeliveryClaim(
            id=row.id,
            endpoint_id=row.endpoint_id,
            url=row.url,
            body=row.body,
            secrets=self._secrets(signing),
            attempts=row.attempts,
            fence=row.fence,
            job_id=row.job_id,
            trace=session.scalar(select(JobRow.trace).where(JobRow.id == row.job_id)),
        )

    def record(self, claim: DeliveryClaim, attempt: Attempt) -> bool:
        held = select(WebhookDeliveryRow).where(
            WebhookDeliveryRow.id == claim.id, WebhookDeliveryRow.fence == claim.fence
        )
        with self._write.begin() as session:
            endpoint = _endpoint(session, claim.endpoint_id)
            row = session.scalar(held.with_for_update())
            if row is None:
                return False
            self._write_down(row, attempt)
            if endpoint:
                self._judge(session, endpoint, attempt)
        return True

    def _write_down(self, row: WebhookDeliveryRow, attempt: Attempt) -> None:
        state = state_after(attempt, row.attempts)
        row.state, row.lease_until = state.value, None
        row.last_status, row.last_error = attempt.status, attempt.error
        if state is DeliveryState.DELIVERED:
            row.delivered_at = self._clock.now()
        if state is DeliveryState.PENDING:
            row.due_at = self._now() + wait_after(attempt, row.attempts, random.random())

    def _judge(self, session: Session, endpoint: WebhookEndpointRow, attempt: Attempt) -> None:
        """Disables an endpoint that wants no more, or has only failed for days."""
        now = self._clock.now()
        endpoint.failing_since = None if attempt.taken else endpoint.failing_since or now
        failed_long = endpoint.failing_since is not None and now - endpoint.failing_since >= DISABLED_AFTER
        if attempt.unwanted or failed_long:
            endpoint.disabled_at = endpoint.disabled_at or now
            waiting = update(WebhookDeliveryRow).where(PENDING, WebhookDeliveryRow.endpoint_id == endpoint.id)
            session.execute(waiting.values(state=DeliveryState.DISABLED.value))

    def _secrets(self, signing: Signing) -> tuple[str, ...]:
        """The newest first."""
        until = signing.previous_until
        old = signing.previous_secret if until and until > self._clock.now() else None
        return (signing.secret, old) if old else (signing.secret,)


def _endpoint(session: Session, endpoint_id: str | None) -> WebhookEndpointRow | None:
    """The endpoint, held until the transaction ends; None where there is none or it was deleted."""
    return session.get(WebhookEndpointRow, endpoint_id, with_for_update=True) if endpoint_id else None


def _signing(session: Session, row: WebhookDeliveryRow) -> Signing | None:
    if row.endpoint_id:
        return session.get(WebhookEndpointRow, row.endpoint_id)
    return secret_of(session, row.tenant)


def secret_of(session: Session, tenant: str) -> WebhookSecretRow:
    """A tenant's own secret, made where there was none."""
    if session.get(WebhookSecretRow, tenant) is None:
        with suppress(IntegrityError), session.begin_nested():  # another may make it at the same time
            session.add(WebhookSecretRow(tenant=tenant, secret=new_secret()))
    return session.get_one(WebhookSecretRow, tenant)
