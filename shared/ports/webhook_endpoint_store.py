"""Storage of webhook endpoints, and the log of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.webhook import Delivery, DeliveryState, Endpoint


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, newest first. `next_cursor` is the id after which the next page starts, None on the last."""

    deliveries: Sequence[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """The deliveries that were created in a span of time, from `since` until before `until`, in one of the states.

    `endpoint_id` and `job_id` limit them to one endpoint or job.
    """

    since: datetime
    until: datetime | None
    states: tuple[DeliveryState, ...]
    endpoint_id: str | None = None
    job_id: str | None = None


class WebhookEndpointStore(Protocol):
    """Webhook endpoints and deliveries of each tenant. An endpoint of another tenant is not found."""

    def add(self, endpoint: Endpoint, secret: str) -> None:
        """Store a new endpoint."""
        ...

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        """Return an endpoint. Raises EndpointNotFound."""
        ...

    def list_for_tenant(self, tenant: str) -> Sequence[Endpoint]:
        """Return a tenant's endpoints, newest first."""
        ...

    def replace(self, endpoint: Endpoint) -> None:
        """Store a changed endpoint; its waiting deliveries go to its new URL. Raises EndpointNotFound."""
        ...

    def remove(self, tenant: str, endpoint_id: str) -> None:
        """Delete an endpoint; its waiting deliveries are not sent. Raises EndpointNotFound."""
        ...

    def rotate_secret(self, tenant: str, endpoint_id: str | None) -> str:
        """Return a new secret for an endpoint, or for the URLs that jobs name if `endpoint_id` is None.

        The previous secret signs beside it for a day. Raises EndpointNotFound.
        """
        ...

    def send_test(self, endpoint: Endpoint) -> Delivery:
        """Add a delivery of a test event."""
        ...

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
        """Return up to `limit` deliveries from the one after id `after`, of one job, endpoint or state if given."""
        ...

    def send_again(self, tenant: str, delivery_id: str) -> Delivery:
        """Make a delivery due now, with as many attempts as a new one.

        Raises:
            DeliveryNotFound.
            EndpointNotFound: its endpoint was deleted together with the secret that would sign it.
        """
        ...

    def send_all_again(self, tenant: str, deliveries: DeliveryFilter) -> int:
        """Make deliveries due now, as `send_again`, and return their number.

        Those to endpoints that are disabled or were deleted stay as they are.
        """
        ...
