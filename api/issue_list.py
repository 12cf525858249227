"""Sentences about the issues of a request: a few of them, each short, however many a request has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MOST_ISSUES = 20
_MOST_CHARACTERS = 200
"""Characters of a sentence, most of which a client may have written."""
_MOST_NAME_CHARACTERS = 60


def join_issues(issues: Iterable[tuple[str, str]], total: int) -> str:
    """Join the first of `total` issues, each a path and a sentence, and say how many there are besides."""
    listed = [f"{shorten(path)}: {shorten(text, _MOST_CHARACTERS)}" for path, text in islice(issues, MOST_ISSUES)]
    if total > len(listed):
        listed.append(f"and {total - len(listed)} more")
    return "; ".join(listed)


def shorten(text: str, most: int = _MOST_NAME_CHARACTERS) -> str:
    """Return the text, or the beginning of a long one with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
