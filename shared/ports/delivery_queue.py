"""The queue of webhook deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.domain.webhook import Attempt, DeliveryState


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A delivery that one worker may attempt until its lease runs out. Each of `secrets` signs it.

    `trace` is the W3C traceparent of the delivery's job.
    """

    id: str
    endpoint_id: str | None
    url: str
    body: str
    secrets: tuple[str, ...]
    attempts: int
    fence: int
    job_id: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """The consequences of an attempt: the delivery's state, and whether the attempt has disabled its endpoint."""

    state: DeliveryState
    endpoint_disabled: bool


class DeliveryQueue(Protocol):
    """Deliveries of events. The job stores write them in the transaction that changes the job."""

    def claim(self) -> DeliveryClaim | None:
        """Claim the delivery that has been due for longest of the tenant with the fewest claimed ones.

        Left out are deliveries to a receiver that is busy, and those of a tenant that has eight claimed.
        """
        ...

    def record(self, claim: DeliveryClaim, attempt: Attempt) -> RecordedAttempt | None:
        """Record an attempt and its consequences. Returns None where another worker has the delivery.

        The last failed attempt, and one that disables the endpoint, raise notices for the tenant's other endpoints.
        """
        ...
