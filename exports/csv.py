"""CSV (RFC 4180) for Excel, pandas and R: a row for each segment."""

from __future__ import annotations

import csv
import io
from typing import Any

from exports.segment_table import Column, ColumnType, segment_columns
from shared.domain.recording import Recording
from shared.domain.timeline import Result

_FORMULA_PREFIXES = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""First characters of a formula to a spreadsheet, which also accepts the wide forms of East Asian keyboards."""


def to_csv(recording: Recording, result: Result) -> bytes:
    """Write a result as CSV in UTF-8 with a byte order mark.

    Excel takes a file without the mark for another encoding; pandas and R skip it.
    """
    columns = segment_columns(recording, result)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(column.name for column in columns)
    writer.writerows(zip(*map(_cells, columns), strict=True))
    return buffer.getvalue().encode("utf-8-sig")


def _cells(column: Column) -> list[Any]:
    match column.type:
        case ColumnType.TEXT:
            return [value and escape_formula(value) for value in column.values]
        case ColumnType.WORDS:
            return [" ".join(value) for value in column.values]
        case ColumnType.TIME:
            return [value and value.isoformat() for value in column.values]
        case _:
            return list(column.values)


def escape_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would compute: strangers may have written names and comments."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA_PREFIXES) else text
