"""Answers with content of a known size, whole or one range of its bytes (RFC 9110, section 14)."""

from __future__ import annotations

import re

from fastapi import Response
from fastapi.responses import PlainTextResponse

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def requested_span(range_header: str | None, size: int) -> range | Response | None:
    """Return the one range of `size` bytes that the Range header names, None for the whole, or the error to answer.

    A list of ranges is answered with the whole content, as RFC 9110 allows. The answer to a malformed header is 400, to
    a range beyond the content 416: in plain text as Starlette's, which `api.middleware.problem_responses` replaces.
    """
    if range_header is None or "," in range_header:
        return None
    requested = _RANGE.fullmatch(range_header)
    if requested is None or requested[0] == "bytes=-":
        return PlainTextResponse("The range is malformed.", 400)
    first, last = requested[1], requested[2]
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        return PlainTextResponse("", 416, headers={"Content-Range": f"bytes */{size}"})
    return range(start, stop)


def range_headers(span: range | None, size: int) -> dict[str, str]:
    """Return the headers of an answer with a range, or with the whole."""
    ranges = {"Accept-Ranges": "bytes"}
    return ranges if span is None else ranges | {"Content-Range": f"bytes {span.start}-{span.stop - 1}/{size}"}


def ranged_response(content: bytes, media_type: str, names: dict[str, str], range_header: str | None) -> Response:
    """Return content that is in memory, or the one range of it that the Range header names; `names` are headers."""
    span = requested_span(range_header, len(content))
    if isinstance(span, Response):
        return span
    headers = names | range_headers(span, len(content))
    if span is None:
        return Response(content, media_type=media_type, headers=headers)
    return Response(content[span.start : span.stop], 206, media_type=media_type, headers=headers)
