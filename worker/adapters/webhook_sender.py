"""Send webhooks by the Standard Webhooks specification (https://www.standardwebhooks.com)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from standardwebhooks import Webhook

from shared.adapters.outgoing_http import Outgoing, Unreachable
from shared.domain.webhook import Attempt
from shared.ports import Clock, DeliveryClaim
from shared.version import VERSION

TIMEOUT_S = 20.0
"""The timeout that the specification proposes: a receiver stores the event, and does longer work afterwards."""


class WebhookSender:
    """`worker.stages.deliver.Sender` over HTTP.

    Messages are dated by `clock`, because receivers refuse messages that seem to be minutes old.
    """

    def __init__(self, outgoing: Outgoing, clock: Clock, timeout_s: float = TIMEOUT_S) -> None:
        self._outgoing = outgoing
        self._clock = clock
        self._timeout_s = timeout_s
        self._agent = f"Emoline/{VERSION}"

    def send(self, claim: DeliveryClaim) -> Attempt:
        """Send the delivery once, signed with each of its secrets; a receiver out of reach is an outcome, no error."""
        now = self._clock.now().astimezone(UTC)
        signatures = [Webhook(secret).sign(claim.id, now, claim.body) for secret in claim.secrets]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "webhook-id": claim.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        try:
            answer = self._outgoing.post(claim.url, claim.body.encode(), headers, self._timeout_s)
        except Unreachable as error:
            return Attempt(None, str(error))
        return Attempt(answer.status, None, _retry_after(answer.headers.get("retry-after", ""), now))


def _retry_after(value: str, now: datetime) -> float:
    """The seconds to wait by a Retry-After header (RFC 9110, section 10.2.3), a number or a date; otherwise 0."""
    if value.isdecimal():
        return float(value[:9])
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    return 0.0
