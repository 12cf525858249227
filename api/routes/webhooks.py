"""Webhooks: endpoints, secrets and deliveries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, status

from api.dependencies import ServicesDep
from api.errors import responses
from api.jobs.json_text import JsonRoute
from shared.domain.errors import DeliveryNotFound, EndpointNotFound, InvalidCursor
from shared.domain.ids import is_id
from shared.domain.webhook import DeliveryState
from shared.ports import DeliveryFilter
from shared.schemas.webhooks import (
    ID_PATTERN,
    DeliveryDocument,
    DeliveryPageDocument,
    EndpointChange,
    EndpointDocument,
    EndpointPageDocument,
    EndpointRequest,
    NewEndpointDocument,
    RedeliveryDocument,
    RedeliveryRequest,
    SecretDocument,
)

_ENDPOINT_EXAMPLE = "whe_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"
_DELIVERY_EXAMPLE = "msg_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=JsonRoute)


async def _endpoint_id(
    endpoint_id: Annotated[str, Path(description="An endpoint's id, `whe_<uuid7>`.", examples=[_ENDPOINT_EXAMPLE])],
) -> str:
    if not is_id("whe", endpoint_id):
        raise EndpointNotFound
    return endpoint_id


async def _delivery_id(
    delivery_id: Annotated[str, Path(description="A delivery's id, `msg_<uuid7>`.", examples=[_DELIVERY_EXAMPLE])],
) -> str:
    if not is_id("msg", delivery_id):
        raise DeliveryNotFound
    return delivery_id


EndpointId = Annotated[str, Depends(_endpoint_id)]
DeliveryId = Annotated[str, Depends(_delivery_id)]


@router.post("/webhook-secret/rotate", responses=responses())
def rotate_webhook_secret(services: ServicesDep) -> SecretDocument:
    """Makes a new secret, which signs what goes to the `webhook_url` of jobs. It is in this answer and nowhere else.

    The one before signs beside it for 24 hours.
    """
    return SecretDocument(secret=services.webhook_endpoints.rotate_secret())


@router.post("/webhook-endpoints", status_code=status.HTTP_201_CREATED, responses=responses())
def create_endpoint(body: EndpointRequest, services: ServicesDep) -> NewEndpointDocument:
    """Registers a receiver, for jobs to name as `webhook_endpoint_id`. Its secret is in this answer alone."""
    endpoint, secret = services.webhook_endpoints.create(body.url, body.events)
    return NewEndpointDocument.from_endpoint(endpoint, secret=secret)


@router.get("/webhook-endpoints", responses=responses())
def list_endpoints(services: ServicesDep) -> EndpointPageDocument:
    """All endpoints, newest first."""
    return EndpointPageDocument(data=list(map(EndpointDocument.from_endpoint, services.webhook_endpoints.list())))


@router.get("/webhook-endpoints/{endpoint_id}", responses=responses(EndpointNotFound))
def get_endpoint(endpoint_id: EndpointId, services: ServicesDep) -> EndpointDocument:
    """One endpoint."""
    return EndpointDocument.from_endpoint(services.webhook_endpoints.get(endpoint_id))


@router.patch("/webhook-endpoints/{endpoint_id}", responses=responses(EndpointNotFound))
def change_endpoint(endpoint_id: EndpointId, body: EndpointChange, services: ServicesDep) -> EndpointDocument:
    """Changes what is given. What waits for the endpoint goes to its new URL; disabled, it gets nothing more."""
    changed = services.webhook_endpoints.change(endpoint_id, url=body.url, events=body.events, enabled=body.enabled)
    return EndpointDocument.from_endpoint(changed)


@router.delete(
    "/webhook-endpoints/{endpoint_id}", status_code=status.HTTP_204_NO_CONTENT, responses=responses(EndpointNotFound)
)
def delete_endpoint(endpoint_id: EndpointId, services: ServicesDep) -> None:
    """Forgets an endpoint and its secret. What waits for it is not sent."""
    services.webhook_endpoints.remove(endpoint_id)


@router.post("/webhook-endpoints/{endpoint_id}/rotate-secret", responses=responses(EndpointNotFound))
def rotate_endpoint_secret(endpoint_id: EndpointId, services: ServicesDep) -> SecretDocument:
    """Makes a new secret for an endpoint. The one before signs beside it for 24 hours."""
    return SecretDocument(secret=services.webhook_endpoints.rotate_secret(endpoint_id))


@router.post(
    "/webhook-endpoints/{endpoint_id}/test",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(EndpointNotFound),
)
def test_endpoint(endpoint_id: EndpointId, services: ServicesDep) -> DeliveryDocument:
    """Sends a `webhook.test`; look its delivery up to see what came of it."""
    return DeliveryDocument.from_delivery(services.webhook_endpoints.test(endpoint_id))


@router.get("/webhook-deliveries", responses=responses(InvalidCursor))
def list_deliveries(
    services: ServicesDep,
    job_id: Annotated[str | None, Query(pattern=ID_PATTERN, description="Only those of a job.")] = None,
    endpoint_id: Annotated[str | None, Query(pattern=ID_PATTERN, description="Only those to an endpoint.")] = None,
    state: Annotated[DeliveryState | None, Query(description="Only those in a state.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPageDocument:
    """What was sent and is to be sent, newest first, a page at a time. What tells of a job goes with it."""
    if cursor is not None and not is_id("msg", cursor):
        raise InvalidCursor
    page = services.webhook_endpoints.deliveries(
        limit=limit, after=cursor, job_id=job_id, endpoint_id=endpoint_id, state=state
    )
    data = list(map(DeliveryDocument.from_delivery, page.deliveries))
    return DeliveryPageDocument(data=data, next_cursor=page.next_cursor)


@router.post(
    "/webhook-deliveries/redeliver",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(EndpointNotFound),
)
def redeliver_deliveries(body: RedeliveryRequest, services: ServicesDep) -> RedeliveryDocument:
    """Sends the events of a span of time again, each under its own `webhook-id`, after a receiver was away.

    By default those that failed or were not sent because their endpoint was disabled; those to endpoints that are
    disabled or gone stay as they are.
    """
    states = tuple(sorted(body.states))
    chosen = DeliveryFilter(body.since, body.until, states, body.endpoint_id, body.job_id)
    return RedeliveryDocument(redelivered=services.webhook_endpoints.redeliver_all(chosen))


@router.post(
    "/webhook-deliveries/{delivery_id}/redeliver",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(DeliveryNotFound, EndpointNotFound),
)
def redeliver_delivery(delivery_id: DeliveryId, services: ServicesDep) -> DeliveryDocument:
    """Sends an event again now, under the same `webhook-id`, and as often as a new one if need be."""
    return DeliveryDocument.from_delivery(services.webhook_endpoints.redeliver(delivery_id))
