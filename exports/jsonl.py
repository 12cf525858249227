"""JSON Lines: an object for each segment."""

from __future__ import annotations

import json

from exports.segment_table import ColumnType, segment_columns
from shared.domain.recording import Recording
from shared.domain.timeline import Result


def to_jsonl(recording: Recording, result: Result) -> bytes:
    """Write a result as JSON Lines in UTF-8; every line has every key."""
    columns = segment_columns(recording, result)
    names = [column.name for column in columns]
    cells = [
        [value and value.isoformat() for value in column.values] if column.type is ColumnType.TIME else column.values
        for column in columns
    ]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True))
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
