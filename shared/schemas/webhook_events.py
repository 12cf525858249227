"""Bodies of webhook events: the job as its owner sees it at the time of the event, without its result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from shared.domain.alert import Alert
from shared.domain.job import Job, SegmentCounts
from shared.domain.urls import without_query
from shared.domain.webhook import Attempt, EventType
from shared.schemas.job import AlertDocument, JobDocument

_MOST_BODY_BYTES = 20_000
"""The limit of the Standard Webhooks specification."""


def job_event_body(event: EventType, job: Job, counts: SegmentCounts, now: datetime, alert: Alert | None = None) -> str:
    """Return the body of an event of a job, with `alert` beside the job's own fields.

    Metadata and alerts are left out of a body that would be larger than receivers have to take.
    """
    document = JobDocument.from_job(job, counts, now).model_dump(mode="json")
    if alert:
        document["alert"] = AlertDocument.from_alert(alert).model_dump(mode="json")
    body = _body(event, now, document)
    if len(body) > _MOST_BODY_BYTES:
        document["config"] |= {"metadata": {}, "alerts": []}
        document["alerts"] = []
        body = _body(event, now, document)
    return body


def endpoint_test_body(endpoint_id: str, now: datetime) -> str:
    """Return the body of the event that only tries an endpoint out."""
    return _body(EventType.TEST, now, {"endpoint_id": endpoint_id})


def notice_body(
    notice: EventType, now: datetime, endpoint_id: str | None, url: str, delivery_id: str, attempt: Attempt
) -> str:
    """Return the body of a notice: the delivery whose last attempt failed, or that made its endpoint disabled."""
    data = {
        "endpoint_id": endpoint_id,
        "url": without_query(url),
        "delivery_id": delivery_id,
        "last_status": attempt.status,
        "last_error": attempt.error,
    }
    return _body(notice, now, data)


def _body(event: EventType, now: datetime, data: dict[str, Any]) -> str:
    at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # In ASCII, so that the signed bytes are the same in every encoding.
    return json.dumps({"type": event.value, "timestamp": at, "data": data}, separators=(",", ":"))
