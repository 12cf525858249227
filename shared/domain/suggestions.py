"""The right name where somebody gave an unknown one."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is nearest to `name`, None if none is like it."""
    return next(iter(get_close_matches(name, known, n=1)), None)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return a clause with the known name that is nearest to `name`, or else with all of them."""
    if nearest := nearest_name(name, known):
        return f"the nearest name is `{nearest}`"
    return f"known are {', '.join(f'`{right}`' for right in sorted(known))}" if known else "it takes none"
