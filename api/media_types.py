"""Media types of requests, which are compared without case and without their parameters (RFC 9110, section 8.3.1)."""

from __future__ import annotations

FORM = "multipart/form-data"
JSON = "application/json"


def media_type_of(content_type: str) -> str:
    """Return the media type in a Content-Type header."""
    return content_type.partition(";")[0].strip().lower()
