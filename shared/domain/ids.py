"""The format of ids: a kind and a UUID, as in `job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77`."""

from __future__ import annotations

import re

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(kind: str, text: str) -> bool:
    """Check whether `text` is a well-formed id of a kind, as `job`.

    Other texts need no query, and may hold characters that a database refuses.
    """
    return text.startswith(f"{kind}_") and _UUID.fullmatch(text, len(kind) + 1) is not None
