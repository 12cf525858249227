"""What ids look like: `job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77`, a kind and a UUID."""

from __future__ import annotations

import re

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(kind: str, text: str) -> bool:
    """Whether a text can be the id of something of a kind, as `job`. What cannot need not be looked for, and may hold
    what a database would not take."""
    return text.startswith(f"{kind}_") and _UUID.fullmatch(text, len(kind) + 1) is not None
