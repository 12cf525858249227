"""JSON as people send it: with the mark that editors of Windows write first, and no key twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

_BOM = "\ufeff"
"""The byte order mark, which a reader may ignore (RFC 8259, section 8.1)."""


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text in UTF-8.

    Raises:
        ValueError: it is no JSON, or an object in it has a key twice, of which one would be lost.
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
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key `{repeated}` is there more than once in one object")
