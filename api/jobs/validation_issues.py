"""Sentences for values that do not fit their schema."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from api.issue_list import join_issues, shorten
from shared.domain.suggestions import suggestion

_UNKNOWN_NAME = {"extra_forbidden", "unexpected_keyword_argument"}
"""Pydantic's types of the issue that an object has a key too many."""


def describe_issues(error: ValidationError, root: str, kind: TypeAdapter[Any]) -> str:
    """Describe the first issues of a validation by `kind` with the paths of their fields; `root` names the value."""
    issues = error.errors(include_url=False, include_context=False, include_input=False)
    described = (
        (".".join(map(str, issue["loc"])) or root, describe_issue(issue["type"], issue["msg"], issue["loc"], kind))
        for issue in issues
    )
    return join_issues(described, len(issues))


def describe_issue(issue_type: str, message: str, path: Sequence[int | str], kind: TypeAdapter[Any]) -> str:
    """Describe one issue, that of an unknown key with the nearest known one."""
    if issue_type not in _UNKNOWN_NAME:
        return message.removeprefix("Value error, ")
    schema = schema_of(kind)
    names = _names(schema, path[:-1], schema.get("$defs", {}))
    return f"there is no such key; {suggestion(shorten(str(path[-1])), names)}"


@lru_cache
def schema_of(kind: TypeAdapter[Any]) -> dict[str, Any]:
    """Return the JSON schema of a kind of value, which takes milliseconds to make."""
    return kind.json_schema()


def _names(schema: dict[str, Any], path: Sequence[int | str], definitions: dict[str, Any]) -> list[str]:
    """Return the names of the keys of the object at `path` in a JSON schema."""
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if not path:
        return list(schema.get("properties", ()))
    within = schema.get("items") if isinstance(path[0], int) else schema.get("properties", {}).get(path[0])
    return _names(within, path[1:], definitions) if within else []
