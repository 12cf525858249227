"""Checks of URLs that users give, before any request is sent."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_MOST_CHARACTERS = 2_000
_ALLOWED = frozenset(map(chr, range(0x21, 0x7F))) - set("\\")
"""Parsers disagree about all other characters, backslashes above all."""


def split_url(url: str) -> SplitResult:
    """Split an http or https URL into its parts.

    Its host is not resolved: a name may have another address when the request is sent.

    Raises ValueError, with a message for users, where the URL is not valid or parsers might disagree about it.
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
    """Remove the query and the fragment, which may hold secrets, from a URL. Raises as `split_url`."""
    return urlunsplit(split_url(url)._replace(query="", fragment=""))


def name_in(url: str) -> str:
    """Return the last part of a URL's path, unquoted; may be empty. Raises as `split_url`."""
    return unquote(split_url(url).path.rsplit("/", 1)[-1])
