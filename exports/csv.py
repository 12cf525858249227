"""CSV (RFC 4180) for Excel, pandas and R."""

from __future__ import annotations

import csv
import io
from typing import Any

from exports.segment_table import Column, Kind, columns
from shared.domain.recording import Recording
from shared.domain.timeline import Result

_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""What begins a formula for a spreadsheet, which also takes the wide forms of East Asian keyboards."""


def to_csv(recording: Recording, result: Result) -> bytes:
    """UTF-8 with the mark without which Excel takes it for another encoding; pandas and R read over it."""
    table = columns(recording, result)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(column.name for column in table)
    writer.writerows(zip(*map(_cells, table), strict=True))
    return buffer.getvalue().encode("utf-8-sig")


def _cells(column: Column) -> list[Any]:
    match column.kind:
        case Kind.TEXT:
            return [value and _harmless(value) for value in column.values]
        case Kind.WORDS:
            return [" ".join(value) for value in column.values]
        case Kind.TIME:
            return [value and value.isoformat() for value in column.values]
        case _:
            return list(column.values)


def _harmless(text: str) -> str:
    """With an apostrophe before what a spreadsheet would compute: names and comments may be a stranger's."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
