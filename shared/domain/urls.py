"""URLs that users give, or the endpoint that stands for one, before anything is asked of them."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_MOST_CHARACTERS = 2_000
_ALLOWED = frozenset(map(chr, range(0x21, 0x7F))) - set("\\")
"""Readers disagree about what the others mean, backslashes above all."""


def split_url(url: str) -> SplitResult:
    """A URL in its parts. Raises ValueError, with a sentence, unless it is an http or https one that all read alike.

    Where it leads is not looked at: a name may lead somewhere else when it is asked.
    """
    if len(url) > _MOST_CHARACTERS or not _ALLOWED.issuperset(url):
        raise ValueError(f"a URL has at most {_MOST_CHARACTERS} characters, all of them ASCII and none a space")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"that is no URL: {error}") from error
    if not usable:
        raise ValueError("a URL must be like https://host/path")
    if parts.username is not None:
        raise ValueError("a URL must not hold a user name or a password")
    return parts


def without_query(url: str) -> str:
    """A URL without what may be secret of it. Raises as `split_url`."""
    return urlunsplit(split_url(url)._replace(query="", fragment=""))


def name_in(url: str) -> str:
    """The last part of a URL's path, as people read it; may be empty. Raises as `split_url`."""
    return unquote(split_url(url).path.rsplit("/", 1)[-1])
