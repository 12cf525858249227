"""JSON Lines: an object for each segment."""

from __future__ import annotations

import json
from typing import Any

from exports.segment_table import Column, Kind, columns
from shared.domain.recording import Recording
from shared.domain.timeline import Result


def to_jsonl(recording: Recording, result: Result) -> bytes:
    """Every line has every key."""
    table = columns(recording, result)
    names = [column.name for column in table]
    rows = zip(*map(_values, table), strict=True)
    return "".join(f"{json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)}\n" for row in rows).encode()


def _values(column: Column) -> list[Any]:
    if column.kind is Kind.TIME:
        return [value and value.isoformat() for value in column.values]
    return list(column.values)
