"""JSON as people send it: with the mark that editors of Windows write first, and no key twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
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
    check_keys(json.loads(decoded, object_pairs_hook=ObjectPairs, parse_int=str, parse_float=str))
    return value


@dataclass(frozen=True, slots=True)
class ObjectPairs:
    """The keys and values of a JSON object as they stand in the text."""

    pairs: list[tuple[str, Any]]


def check_keys(value: Any, place: str = "") -> None:
    """Check that no object within `value`, which stands at `place`, has a key twice. Raises ValueError."""
    if isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value)]
    elif isinstance(value, ObjectPairs):
        items = value.pairs
        if len(items) > _MOST_KEYS:
            raise ValueError(f"an object in it has more than {_MOST_KEYS} keys")
        repeated = next((key for key, count in Counter(key for key, _ in items).items() if count > 1), None)
        if repeated is not None:
            within = f" in `{place}`" if place else ""
            raise ValueError(f"the key `{shorten(repeated)}` is there more than once{within}")
    else:
        return
    for name, item in items:
        check_keys(item, f"{place}.{name}" if place else name)


class JsonRequest(Request):
    """A request whose body is parsed by `parse_json`."""

    async def json(self) -> Any:
        """Parse the body. Raises JSONDecodeError, for which FastAPI answers that the body is not valid."""
        body = await self.body()
        try:
            return parse_json(body)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from error


class JsonRoute(APIRoute):
    """A route whose JSON body has no key twice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of FastAPI, which gets a `JsonRequest`."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_json
