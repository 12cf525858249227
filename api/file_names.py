"""Names of the files that answers bring: that of the recording, with an ending."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import quote


def content_disposition(filename: str, suffix: str, kind: str = "attachment") -> dict[str, str]:
    """Return the header with the name of a recording: in ASCII, and in full for clients that know RFC 6266."""
    stem = PurePath(filename).stem or "recording"
    plain = re.sub(r"[^\w.-]+", "_", stem, flags=re.ASCII)
    full = quote(f"{stem}{suffix}", safe="")
    return {"Content-Disposition": f"{kind}; filename=\"{plain}{suffix}\"; filename*=UTF-8''{full}"}
