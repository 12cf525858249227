"""Cursors of lists of jobs: the place after which a page starts, as text."""

from __future__ import annotations

import base64
import json

from shared.domain.errors import InvalidCursor
from shared.domain.ids import is_id
from shared.ports import JobCursor, JobOrder


def format_cursor(cursor: JobCursor, order: JobOrder) -> str:
    """Write a cursor: the id of the job, and where the order has another value, that value and the order too."""
    if cursor.value is None:
        return cursor.job_id
    place = json.dumps([order.key, order.descending, cursor.value, cursor.job_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def parse_cursor(text: str, order: JobOrder) -> JobCursor:
    """Read a cursor of this order. Raises InvalidCursor."""
    if order.key == "submitted":
        if not is_id("job", text):
            raise InvalidCursor
        return JobCursor(text)
    try:
        place = json.loads(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        key, descending, value, job_id = place
    except (ValueError, TypeError) as error:
        raise InvalidCursor from error
    kind = str if order.key == "name" else int
    fits = (key, descending) == (order.key, order.descending) and type(value) is kind and isinstance(job_id, str)
    if not fits or not is_id("job", job_id) or (isinstance(value, int) and abs(value) > 10**15) or "\0" in str(value):
        raise InvalidCursor
    return JobCursor(job_id, value)
