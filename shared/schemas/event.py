"""An event as its receiver gets it: the job as its owner sees it at that time, without its result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from shared.domain.alert import Alert
from shared.domain.job import Job, SegmentCounts
from shared.domain.webhook import EventType
from shared.schemas.job import AlertDocument, JobDocument

_MOST_BYTES = 20_000
"""Of a body, by the Standard Webhooks specification."""


def job_event(event: EventType, job: Job, counts: SegmentCounts, now: datetime, alert: Alert | None = None) -> str:
    """The body; that of an alert has it beside the job's own fields. What would make it too large is left out."""
    document = JobDocument.of(job, counts, now).model_dump(mode="json")
    if alert:
        document["alert"] = AlertDocument.of(alert).model_dump(mode="json")
    body = _body(event, now, document)
    if len(body) > _MOST_BYTES:
        document["config"] |= {"metadata": {}, "alerts": []}
        document["alerts"] = []
        body = _body(event, now, document)
    return body


def test_event(endpoint_id: str, now: datetime) -> str:
    """The body of what is sent to see whether it arrives."""
    return _body(EventType.TEST, now, {"endpoint_id": endpoint_id})


def _body(event: EventType, now: datetime, data: dict[str, Any]) -> str:
    at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # In ASCII, so that nobody's idea of an encoding changes what was signed.
    return json.dumps({"type": event.value, "timestamp": at, "data": data}, separators=(",", ":"))
