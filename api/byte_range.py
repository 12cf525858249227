"""Answers with content that is in memory, whole or one range of its bytes (RFC 9110, section 14)."""

from __future__ import annotations

import re

from fastapi import Response
from fastapi.responses import PlainTextResponse

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def ranged_response(content: bytes, media_type: str, filename: str, range_header: str | None) -> Response:
    """Return the content, or the one range of it that the Range header names.

    A list of ranges is answered with the whole content, as RFC 9110 allows. The answer to a malformed header is 400, to
    a range beyond the content 416: in plain text as Starlette's, which `api.middleware.problem_responses` replaces.
    """
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'inline; filename="{filename}"'}
    if range_header is None or "," in range_header:
        return Response(content, media_type=media_type, headers=headers)
    requested = _RANGE.fullmatch(range_header)
    if requested is None or requested[0] == "bytes=-":
        return PlainTextResponse("The range is malformed.", 400)
    first, last, size = requested[1], requested[2], len(content)
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        return PlainTextResponse("", 416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(content[start:stop], 206, media_type=media_type, headers=headers)
