"""Webhook endpoints of a tenant, their signing secrets, and the log of deliveries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import uuid_utils

from shared.domain.job import DEFAULT_TENANT
from shared.domain.webhook import Delivery, DeliveryState, Endpoint, EventType, new_secret
from shared.ports import Clock, DeliveryFilter, DeliveryPage, Queue, WakeUps, WebhookEndpointStore


@dataclass(frozen=True, slots=True)
class WebhookEndpoints:
    """Manages webhook endpoints. Methods with an `endpoint_id` raise EndpointNotFound for an unknown id."""

    store: WebhookEndpointStore
    wake_ups: WakeUps
    clock: Clock
    tenant: str = DEFAULT_TENANT

    def create(self, url: str, events: Collection[EventType]) -> tuple[Endpoint, str]:
        """Create an endpoint. Returns it with the secret that signs its events."""
        endpoint = Endpoint(
            id=f"whe_{uuid_utils.uuid7()}",
            tenant=self.tenant,
            url=url,
            events=tuple(sorted(events)),
            created_at=self.clock.now(),
        )
        secret = new_secret()
        self.store.add(endpoint, secret)
        return endpoint, secret

    def get(self, endpoint_id: str) -> Endpoint:
        """Return an endpoint."""
        return self.store.get(self.tenant, endpoint_id)

    def list(self) -> Sequence[Endpoint]:
        """Return all endpoints of the tenant, newest first."""
        return self.store.list_for_tenant(self.tenant)

    def change(
        self, endpoint_id: str, *, url: str | None, events: Collection[EventType] | None, enabled: bool | None
    ) -> Endpoint:
        """Change the arguments that are not None, and return the endpoint. Enabling it resets its failures."""
        endpoint = self.get(endpoint_id)
        endpoint = replace(
            endpoint,
            url=endpoint.url if url is None else url,
            events=endpoint.events if events is None else tuple(sorted(events)),
        )
        if enabled is not None:
            disabled_at = None if enabled else endpoint.disabled_at or self.clock.now()
            endpoint = replace(endpoint, failing_since=None, disabled_at=disabled_at)
        self.store.replace(endpoint)
        return endpoint

    def remove(self, endpoint_id: str) -> None:
        """Delete an endpoint; its pending events are not sent."""
        self.store.remove(self.tenant, endpoint_id)

    def rotate_secret(self, endpoint_id: str | None = None) -> str:
        """Make a new secret, for an endpoint or for the URLs in jobs. The old secret still signs for a day."""
        return self.store.rotate_secret(self.tenant, endpoint_id)

    def test(self, endpoint_id: str) -> Delivery:
        """Send a test event."""
        delivery = self.store.send_test(self.get(endpoint_id))
        self.wake_ups.wake(Queue.DELIVER)
        return delivery

    def deliveries(
        self,
        *,
        limit: int,
        after: str | None,
        job_id: str | None,
        endpoint_id: str | None,
        state: DeliveryState | None,
    ) -> DeliveryPage:
        """Return a page of at most `limit` deliveries after the id `after`, newest first, filtered by the rest."""
        return self.store.page(
            self.tenant, limit=limit, after=after, job_id=job_id, endpoint_id=endpoint_id, state=state
        )

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send an event again under the same id. Raises DeliveryNotFound or EndpointNotFound."""
        delivery = self.store.send_again(self.tenant, delivery_id)
        self.wake_ups.wake(Queue.DELIVER)
        return delivery

    def redeliver_all(self, deliveries: DeliveryFilter) -> int:
        """Send events again under the same ids and return their number.

        Raises EndpointNotFound for an unknown `endpoint_id`.
        """
        if deliveries.endpoint_id:
            self.get(deliveries.endpoint_id)
        number = self.store.send_all_again(self.tenant, deliveries)
        self.wake_ups.wake(Queue.DELIVER)
        return number
