"""The right name where a request has an unknown one."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a clause with the known name that is nearest to `name`, or else with all of them."""
    if nearest := get_close_matches(name, known, n=1):
        return f"the nearest name is `{nearest[0]}`"
    return f"known are {', '.join(f'`{right}`' for right in sorted(known))}" if known else "it takes none"
