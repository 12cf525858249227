"""Webhooks: events, endpoints, deliveries and the times of their retries."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.job import JobState

MOST_ATTEMPTS = 10
_MINUTE_S, _HOUR_S = 60, 3600
_WAITS_S = (
    5,
    5 * _MINUTE_S,
    30 * _MINUTE_S,
    *(hours * _HOUR_S for hours in (2, 5, 10, 14, 20, 24)),
)
"""Seconds after each attempt but the last, some three days in all, as the Standard Webhooks specification proposes."""
_JITTER = 0.1
"""The random share of a wait, either way: deliveries that failed together are not retried together."""
_LONGEST_RETRY_AFTER_S = 24 * _HOUR_S
DISABLED_AFTER = timedelta(days=5)
"""An endpoint whose deliveries have all failed for that long is disabled."""
OLD_SECRET_SIGNS = timedelta(hours=24)
"""The time for which a replaced secret still signs beside the new one."""

_SECRET_BYTES = 32


class EventType(StrEnum):
    """The kind of an event. A `webhook.test` is sent when it is asked for; the other events of webhooks are notices."""

    STARTED = "job.started"
    PROGRESS = "job.progress"
    ALERT = "job.alert"
    SUCCEEDED = "job.succeeded"
    FAILED = "job.failed"
    CANCELED = "job.canceled"
    TEST = "webhook.test"
    DELIVERY_FAILED = "webhook.delivery_failed"
    ENDPOINT_DISABLED = "webhook.endpoint_disabled"


NOTICES = (EventType.DELIVERY_FAILED, EventType.ENDPOINT_DISABLED)
"""Events about webhooks that do not arrive, for other endpoints of the tenant. Failures of notices raise no notice."""
JOB_EVENTS = tuple(
    event
    for event in EventType
    if event is not EventType.TEST
    and event is not EventType.DELIVERY_FAILED
    and event is not EventType.ENDPOINT_DISABLED
)
DEFAULT_EVENTS = tuple(event for event in JOB_EVENTS if event is not EventType.PROGRESS)
"""The events of an endpoint by default, without progress, which is sent up to ten times a job."""
_BY_STATE = {
    JobState.SUCCEEDED: EventType.SUCCEEDED,
    JobState.FAILED: EventType.FAILED,
    JobState.CANCELED: EventType.CANCELED,
}


def event_of(old: JobState, new: JobState) -> EventType | None:
    """Return the event of a transition between two states of a job, None if it has none."""
    if old is JobState.QUEUED and new is JobState.PREPARING:
        return EventType.STARTED
    return _BY_STATE.get(new) if new is not old else None


class DeliveryState(StrEnum):
    """`pending` until it was taken, or `failed` after the last attempt. `disabled`: its receiver wants nothing more."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one request to a receiver.

    `status` is None where there was no answer; `error` has the reason. `retry_after_s` is the wait in seconds that the
    receiver asked for.
    """

    status: int | None
    error: str | None = None
    retry_after_s: float = 0

    @property
    def accepted(self) -> bool:
        """Whether the receiver accepted the event."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unwanted(self) -> bool:
        """Whether the receiver wants no more events."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for one receiver. `attempts` counts the requests since it was created or last redelivered by a user."""

    id: str
    tenant: str
    job_id: str | None
    endpoint_id: str | None
    url: str
    event: EventType
    body: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


def state_after(attempt: Attempt, attempts: int) -> DeliveryState:
    """Return the state of a delivery after its `attempts`-th attempt."""
    if attempt.accepted:
        return DeliveryState.DELIVERED
    if attempt.unwanted:
        return DeliveryState.DISABLED
    return DeliveryState.PENDING if attempts < MOST_ATTEMPTS else DeliveryState.FAILED


def wait_after(attempt: Attempt, attempts: int, chance: float) -> timedelta:
    """Return the wait before the next attempt, after `attempts` attempts; `chance` is random, from 0 to 1."""
    wait_s = _WAITS_S[min(attempts, len(_WAITS_S)) - 1] * (1 + _JITTER * (2 * chance - 1))
    return timedelta(seconds=max(wait_s, min(attempt.retry_after_s, _LONGEST_RETRY_AFTER_S)))


def new_secret() -> str:
    """Make a signing secret: 256 random bits, in the format that the verifying libraries read."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered webhook endpoint of a tenant, without its secret.

    `failing_since` is the time of the first failure since its last success.
    """

    id: str
    tenant: str
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
