"""Tables written by people: CSV with commas, semicolons or tabs, headings in any case."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from evaluation.errors import NotEvaluable

Row = dict[str, str]
"""Values by the lower-case heading of their column; empty where a line is too short."""

_SEPARATORS = ",;\t"


def read(path: Path, needed: Collection[str]) -> list[Row]:
    """Read the lines of a table that must have the columns `needed`; blank lines are left out.

    Raises:
        NotEvaluable: a column is missing, there are no lines, or the file is not text.
    """
    head, *lines = read_text(path).splitlines() or [""]
    separator = max(_SEPARATORS, key=head.count)
    columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator), [])]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise NotEvaluable(
            f"{path} lacks the column {' and the column '.join(missing)}; it has: {', '.join(columns) or 'nothing'}. "
            f"Its first line must name the columns: {', '.join(needed)}."
        )
    rows = [
        dict.fromkeys(columns, "") | dict(zip(columns, map(str.strip, values), strict=False))
        for values in csv.reader(lines, delimiter=separator)
        if any(values)
    ]
    if not rows:
        raise NotEvaluable(f"{path} has no lines under its first.")
    return rows


def read_text(path: Path) -> str:
    """Read a text file in UTF-8. Raises NotEvaluable."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NotEvaluable(f"{path} is not a text file in UTF-8; save it as “CSV UTF-8”.") from None
