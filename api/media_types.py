"""Media types of requests, which are compared without case and without their parameters (RFC 9110, section 8.3.1), and
the schemas of bodies that are no JSON."""

from __future__ import annotations

from typing import Any

FORM = "multipart/form-data"
JSON = "application/json"

BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
TEXT: dict[str, Any] = {"schema": {"type": "string"}}


def media_type_of(content_type: str) -> str:
    """Return the media type in a Content-Type header."""
    return content_type.partition(";")[0].strip().lower()
