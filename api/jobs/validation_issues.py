"""Sentences for values that do not fit their schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.domain.suggestions import suggestion

_UNKNOWN_NAME = {"extra_forbidden", "unexpected_keyword_argument"}
"""Pydantic's types of the issue that an object has a key too many."""


def describe_issues(error: ValidationError, root: str, kind: TypeAdapter[Any]) -> str:
    """Describe every issue of a validation by `kind` with the path of its field; `root` names the whole value."""
    return "; ".join(
        f"{'.'.join(map(str, issue['loc'])) or root}: {_sentence(issue['type'], issue['msg'], issue['loc'], kind)}"
        for issue in error.errors()
    )


def _sentence(issue_type: str, message: str, path: Sequence[int | str], kind: TypeAdapter[Any]) -> str:
    if issue_type not in _UNKNOWN_NAME:
        return message.removeprefix("Value error, ")
    schema = kind.json_schema()
    names = _names(schema, path[:-1], schema.get("$defs", {}))
    return f"there is no such key; {suggestion(str(path[-1]), names)}"


def _names(schema: dict[str, Any], path: Sequence[int | str], definitions: dict[str, Any]) -> list[str]:
    """Return the names of the keys of the object at `path` in a JSON schema."""
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if not path:
        return list(schema.get("properties", ()))
    within = schema.get("items") if isinstance(path[0], int) else schema.get("properties", {}).get(path[0])
    return _names(within, path[1:], definitions) if within else []
