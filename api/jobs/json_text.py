"""JSON as people send it: with the mark that editors of Windows write first, and no key twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from api.issue_list import shorten

_BOM = "\ufeff"
"""The byte order mark, which a reader may ignore (RFC 8259, section 8.1)."""
_MOST_KEYS = 100
"""Keys of one object, several times as many as any has: each unknown one would be an issue of its own."""


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text in UTF-8.

    Raises:
        ValueError: it is no JSON, or an object in it has too many keys, or one twice, of which one would be lost.
    """
    try:
        decoded = (text.decode() if isinstance(text, bytes) else text).removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise ValueError("JSON in UTF-8 was expected") from error
    value = from_json(decoded)
    # The standard library's parser shows repeated keys. It has no limits, so it comes second.
    json.loads(decoded, object_pairs_hook=_check_keys, parse_int=str, parse_float=str)
    return value


def _check_keys(pairs: Sequence[tuple[str, Any]]) -> None:
    if len(pairs) > _MOST_KEYS:
        raise ValueError(f"an object in it has more than {_MOST_KEYS} keys")
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key `{shorten(repeated)}` is there more than once in one object")
