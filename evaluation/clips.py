"""A folder of clips with a table that says what is heard in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation import label_tables
from evaluation.errors import NotEvaluable

_NAMES = ("labels.csv", "metadata.csv")
_NEEDED = ("file", "emotion")


@dataclass(frozen=True, slots=True)
class Clip:
    """`file` as the table names it, and where that is; `emotion` after the label map; `columns` are all of its line."""

    file: str
    path: Path
    emotion: str
    columns: Mapping[str, str]


def read(
    folder: Path, labels: Path | None, label_map: Mapping[str, str], only: Mapping[str, frozenset[str]]
) -> list[Clip]:
    """The clips that the table lists, in its order; files may be missing.

    `only` keeps the lines whose columns have one of these values. Raises NotEvaluable.
    """
    table = labels or _table(folder)
    rows = label_tables.read(table, [*_NEEDED, *(name for name in only if name not in _NEEDED)])
    kept = [row for row in rows if all(row[name] in values for name, values in only.items())]
    if not kept:
        raise NotEvaluable(f"None of the {len(rows)} lines of {table} has what --only asks for.")
    return [Clip(row["file"], folder / row["file"], emotion(row["emotion"], label_map), row) for row in kept]


def emotion(written: str, label_map: Mapping[str, str]) -> str:
    """What a label means to the model: its lower-case name, or what the map says."""
    name = written.strip().lower()
    return label_map.get(name, name)


def _table(folder: Path) -> Path:
    named = [folder / name for name in _NAMES if (folder / name).is_file()]
    found = named or sorted(folder.glob("*.csv"))
    if not found:
        raise NotEvaluable(
            f"{folder} has no CSV file. Put labels.csv there, with the columns file and emotion and a line for each "
            "clip, or name one with --labels."
        )
    if len(found) > 1 and not named:
        raise NotEvaluable(
            f"{folder} has {len(found)} CSV files, none of them labels.csv or metadata.csv: say with --labels which "
            f"one to use: {', '.join(path.name for path in found)}."
        )
    return found[0]
