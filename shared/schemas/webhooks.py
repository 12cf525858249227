"""Webhook endpoints and deliveries."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.domain.urls import without_query
from shared.domain.webhook import DEFAULT_EVENTS, Delivery, DeliveryState, Endpoint, EventType
from shared.schemas.fields import REPEATABLE, Time, Url

Event = Literal[
    EventType.STARTED,
    EventType.PROGRESS,
    EventType.ALERT,
    EventType.SUCCEEDED,
    EventType.FAILED,
    EventType.CANCELED,
    EventType.DELIVERY_FAILED,
    EventType.ENDPOINT_DISABLED,
]
Events = Annotated[set[Event], REPEATABLE]
EndedState = Literal[DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DISABLED]
ID_PATTERN = "^(job|whe)_[0-9a-f-]{36}$"
_URL_EXAMPLE = "https://hooks.example/emoline"


class EndpointRequest(BaseModel):
    """What a new endpoint is to be."""

    model_config = ConfigDict(extra="forbid")

    url: Url = Field(examples=[_URL_EXAMPLE])
    events: Events = Field(default=set(DEFAULT_EVENTS), min_length=1)


class EndpointChange(BaseModel):
    """What of an endpoint is to change."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = Field(default=None, examples=[_URL_EXAMPLE])
    events: Events | None = Field(default=None, min_length=1)
    enabled: StrictBool | None = None


class EndpointDocument(BaseModel):
    """A receiver without its secret."""

    id: str = Field(examples=["whe_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    url: str = Field(examples=["https://hooks.example/emoline"])
    events: list[EventType]
    enabled: bool = Field(examples=[True])
    created_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    failing_since: datetime | None = Field(examples=[None])
    """Time of the first failure since the last accepted attempt."""
    disabled_at: datetime | None = Field(examples=[None])

    @classmethod
    def from_endpoint(cls, endpoint: Endpoint, **fields: str) -> Self:
        """Return the document of an endpoint; `fields` are the fields that a subclass adds."""
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            events=list(endpoint.events),
            enabled=endpoint.disabled_at is None,
            created_at=endpoint.created_at,
            failing_since=endpoint.failing_since,
            disabled_at=endpoint.disabled_at,
            **fields,
        )


class NewEndpointDocument(EndpointDocument):
    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    """The signing secret, in this answer only."""


class SecretDocument(BaseModel):
    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    """The new signing secret, in this answer only."""


class EndpointPageDocument(BaseModel):
    data: list[EndpointDocument]
    next_cursor: None = None


class DeliveryDocument(BaseModel):
    """An event and what came of sending it."""

    id: str = Field(examples=["msg_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    """Also the `webhook-id` under which it is sent."""
    event: EventType
    job_id: str | None = Field(examples=["job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    endpoint_id: str | None = Field(examples=[None])
    url: str = Field(examples=["https://hooks.example/emoline"])
    """Where it is sent, without the query."""
    state: DeliveryState
    attempts: int = Field(examples=[1])
    next_attempt_at: datetime | None = Field(examples=[None])
    last_status: int | None = Field(examples=[204])
    last_error: str | None = Field(examples=[None])
    created_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    delivered_at: datetime | None = Field(examples=["2026-11-22T09:00:00Z"])
    payload: dict[str, Any]
    """The body that is sent."""

    @classmethod
    def from_delivery(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            event=delivery.event,
            job_id=delivery.job_id,
            endpoint_id=delivery.endpoint_id,
            url=without_query(delivery.url),
            state=delivery.state,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            created_at=delivery.created_at,
            delivered_at=delivery.delivered_at,
            payload=json.loads(delivery.body),
        )


class RedeliveryRequest(BaseModel):
    """Which events are to be sent again."""

    model_config = ConfigDict(extra="forbid")

    since: Time = Field(description="Only events made at this time or later.")
    until: Time | None = Field(default=None, description="Only events made before this time.")
    endpoint_id: str | None = Field(default=None, pattern=ID_PATTERN, description="Only those to an endpoint.")
    job_id: str | None = Field(default=None, pattern=ID_PATTERN, description="Only those of a job.")
    states: Annotated[set[EndedState], REPEATABLE] = Field(
        default={DeliveryState.FAILED, DeliveryState.DISABLED}, min_length=1
    )


class RedeliveryDocument(BaseModel):
    redelivered: int = Field(examples=[14])
    """Number of the events that are sent again."""


class DeliveryPageDocument(BaseModel):
    data: list[DeliveryDocument]
    next_cursor: str | None
