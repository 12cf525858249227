"""Receivers of webhooks: a tenant's registered ones, what signs, and the log of what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import uuid_utils

from shared.domain.job import DEFAULT_TENANT
from shared.domain.webhook import Delivery, DeliveryState, Endpoint, EventType, new_secret
from shared.ports import Clock, DeliveryPage, Queue, WakeUps, WebhookEndpointStore


@dataclass(frozen=True, slots=True)
class WebhookEndpoints:
    """The use case. What names an endpoint raises EndpointNotFound where the tenant has none of that id."""

    store: WebhookEndpointStore
    wake_ups: WakeUps
    clock: Clock
    tenant: str = DEFAULT_TENANT

    def create(self, url: str, events: Collection[EventType]) -> tuple[Endpoint, str]:
        """A new endpoint and the secret that will sign what it gets."""
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
        return self.store.get(self.tenant, endpoint_id)

    def list(self) -> Sequence[Endpoint]:
        return self.store.list_for_tenant(self.tenant)

    def change(
        self, endpoint_id: str, *, url: str | None, events: Collection[EventType] | None, enabled: bool | None
    ) -> Endpoint:
        """The endpoint with what is given in the place of what it had. Enabling it forgets that it failed."""
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
        self.store.remove(self.tenant, endpoint_id)

    def rotate_secret(self, endpoint_id: str | None = None) -> str:
        """A new secret of an endpoint or, without one, for the URLs that jobs name. The old one signs for a day yet."""
        return self.store.rotate_secret(self.tenant, endpoint_id)

    def test(self, endpoint_id: str) -> Delivery:
        """Sends an event that tells of nothing."""
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
        return self.store.page(
            self.tenant, limit=limit, after=after, job_id=job_id, endpoint_id=endpoint_id, state=state
        )

    def redeliver(self, delivery_id: str) -> Delivery:
        """Sends an event again, under the id that it had. Raises DeliveryNotFound or EndpointNotFound."""
        delivery = self.store.send_again(self.tenant, delivery_id)
        self.wake_ups.wake(Queue.DELIVER)
        return delivery
