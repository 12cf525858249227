"""A folder of clips with a table of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation import label_tables
from evaluation.errors import NotEvaluable

_TABLE_NAMES = ("labels.csv", "metadata.csv")
_COLUMNS = ("file", "emotion")


@dataclass(frozen=True, slots=True)
class Clip:
    """A line of the table: `file` as the table has it, its path, `emotion` by the label map, and all `columns`."""

    file: str
    path: Path
    emotion: str
    columns: Mapping[str, str]


def read(
    folder: Path, labels: Path | None, label_map: Mapping[str, str], only: Mapping[str, frozenset[str]]
) -> list[Clip]:
    """Read the clips that a table lists, in its order; their files may be missing.

    `labels` is the table, by default the one in the folder. `only` selects the lines whose columns have one of these
    values. Raises NotEvaluable.
    """
    table = labels or _find_table(folder)
    rows = label_tables.read(table, [*_COLUMNS, *(name for name in only if name not in _COLUMNS)])
    selected = [row for row in rows if all(row[name] in values for name, values in only.items())]
    if not selected:
        raise NotEvaluable(f"None of the {len(rows)} lines of {table} has what --only asks for.")
    return [Clip(row["file"], folder / row["file"], model_label(row["emotion"], label_map), row) for row in selected]


def model_label(label: str, label_map: Mapping[str, str]) -> str:
    """Return the model's label for a label of a table: the lower-case name, or its entry in the map."""
    name = label.strip().lower()
    return label_map.get(name, name)


def _find_table(folder: Path) -> Path:
    named = [folder / name for name in _TABLE_NAMES if (folder / name).is_file()]
    tables = named or sorted(folder.glob("*.csv"))
    if not tables:
        raise NotEvaluable(
            f"{folder} has no CSV file. Put labels.csv there, with the columns file and emotion and a line for each "
            "clip, or name one with --labels."
        )
    if len(tables) > 1 and not named:
        raise NotEvaluable(
            f"{folder} has {len(tables)} CSV files, none of them labels.csv or metadata.csv: say with --labels which "
            f"one to use: {', '.join(path.name for path in tables)}."
        )
    return tables[0]
