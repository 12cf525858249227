"""The queue of webhook deliveries, and the secrets that sign them, in a database.

A writer that changes deliveries because of their endpoint locks the endpoint's row first.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db.outbox import PENDING, deliverable, raise_notice, tenants_in_turn
from shared.db.sessions import Sessions, database_clock
from shared.db.tables import JobRow, SigningSecrets, WebhookDeliveryRow, WebhookEndpointRow, WebhookSecretRow
from shared.domain.webhook import (
    DISABLED_AFTER,
    NOTICES,
    Attempt,
    DeliveryState,
    EventType,
    new_secret,
    state_after,
    wait_after,
)
from shared.ports import Clock, DeliveryClaim, RecordedAttempt

_LEASE = timedelta(seconds=120)
"""A lease is not renewed: an attempt takes 20 s, and a little more where a name is resolved slowly."""


class SqlDeliveryQueue:
    """`shared.ports.DeliveryQueue`, on the database's clock. `clock` dates the times that users see."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._clock = clock
        self._now = database_clock(engine, clock)

    def claim(self) -> DeliveryClaim | None:
        due = deliverable(self._now()).limit(1).with_for_update(skip_locked=True, of=WebhookDeliveryRow)
        with self._write.begin() as session:
            for tenant in session.scalars(tenants_in_turn(self._now())).all():
                while row := session.scalar(due.where(WebhookDeliveryRow.tenant == tenant)):
                    if claim := self.claim_row(session, row):
                        return claim
        return None

    def claim_row(self, session: Session, row: WebhookDeliveryRow) -> DeliveryClaim | None:
        """Claim a delivery that is locked, or disable it if its endpoint was deleted while it was written."""
        signing: SigningSecrets | None = (
            session.get(WebhookEndpointRow, row.endpoint_id) if row.endpoint_id else tenant_secret(session, row.tenant)
        )
        if signing is None:
            row.state = DeliveryState.DISABLED.value
            return None
        row.attempts, row.fence = row.attempts + 1, row.fence + 1
        row.lease_until = self._now() + _LEASE
        until = signing.previous_until
        previous = signing.previous_secret if until and until > self._clock.now() else None
        return DeliveryClaim(
            id=row.id,
            endpoint_id=row.endpoint_id,
            url=row.url,
            body=row.body,
            secrets=(signing.secret, previous) if previous else (signing.secret,),
            attempts=row.attempts,
            fence=row.fence,
            job_id=row.job_id,
            trace=session.scalar(select(JobRow.trace).where(JobRow.id == row.job_id)),
        )

    def record(self, claim: DeliveryClaim, attempt: Attempt) -> RecordedAttempt | None:
        claimed = select(WebhookDeliveryRow).where(
            WebhookDeliveryRow.id == claim.id, WebhookDeliveryRow.fence == claim.fence
        )
        with self._write.begin() as session:
            endpoint = (
                session.get(WebhookEndpointRow, claim.endpoint_id, with_for_update=True) if claim.endpoint_id else None
            )
            row = session.scalar(claimed.with_for_update())
            if row is None:
                return None
            state = state_after(attempt, row.attempts)
            was_pending = row.state == DeliveryState.PENDING.value
            row.state, row.lease_until = state.value, None
            row.last_status, row.last_error = attempt.status, attempt.error
            if state is DeliveryState.DELIVERED:
                row.delivered_at = self._clock.now()
            if state is DeliveryState.PENDING:
                row.due_at = self._now() + wait_after(attempt, row.attempts, random.random())
            disabled = endpoint is not None and self._disable_if_failing(session, endpoint, attempt)
            # A record that is repeated, because the answer to its commit was lost, finds the state that it has set.
            failed = state is DeliveryState.FAILED and was_pending and EventType(row.event) not in NOTICES
            for notice, due in ((EventType.DELIVERY_FAILED, failed), (EventType.ENDPOINT_DISABLED, disabled)):
                if due:
                    raise_notice(session, notice, row, attempt, self._clock.now(), self._now())
        return RecordedAttempt(state, disabled)

    def _disable_if_failing(self, session: Session, endpoint: WebhookEndpointRow, attempt: Attempt) -> bool:
        """Disable an endpoint that refuses further events, or has failed for days; return whether that is new."""
        now = self._clock.now()
        endpoint.failing_since = None if attempt.accepted else endpoint.failing_since or now
        failed_long = endpoint.failing_since is not None and now - endpoint.failing_since >= DISABLED_AFTER
        if endpoint.disabled_at or not (attempt.unwanted or failed_long):
            return False
        endpoint.disabled_at = now
        waiting = update(WebhookDeliveryRow).where(PENDING, WebhookDeliveryRow.endpoint_id == endpoint.id)
        session.execute(waiting.values(state=DeliveryState.DISABLED.value))
        return True


def tenant_secret(session: Session, tenant: str) -> WebhookSecretRow:
    """Return a tenant's secrets, and create them where there are none."""
    if session.get(WebhookSecretRow, tenant) is None:
        with suppress(IntegrityError), session.begin_nested():  # another transaction may create them at the same time
            session.add(WebhookSecretRow(tenant=tenant, secret=new_secret()))
    return session.get_one(WebhookSecretRow, tenant)
