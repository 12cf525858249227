"""The emotions that people hear in a long recording, with their times: a CSV, or labels of Audacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evaluation import label_tables
from evaluation.clips import model_label
from evaluation.errors import NotEvaluable

_COLUMNS = ("start_ms", "end_ms", "emotion")


@dataclass(frozen=True, slots=True, order=True)
class LabelledSpan:
    """A span [start_ms, end_ms) of a channel, in which an emotion is heard."""

    channel: int
    start_ms: int
    end_ms: int
    emotion: str


@dataclass(frozen=True, slots=True)
class ListenerLabels:
    """Spans by channel and start that do not overlap; `by_channel` is whether the file tells channels apart."""

    spans: tuple[LabelledSpan, ...]
    by_channel: bool


def read(path: Path, label_map: Mapping[str, str]) -> ListenerLabels:
    """Read a file: `.txt` is labels of Audacity (start and end in seconds and a name, with tabs), all else a table.

    Raises NotEvaluable.
    """
    rows = _read_audacity(path) if path.suffix.lower() == ".txt" else label_tables.read(path, _COLUMNS)
    spans = tuple(sorted(_span(path, row, label_map) for row in rows))
    for before, after in pairwise(spans):
        if before.channel == after.channel and after.start_ms < before.end_ms:
            raise NotEvaluable(
                f"{path}: the stretches that begin at {before.start_ms} and {after.start_ms} ms overlap in channel "
                f"{before.channel}; at any moment there may be one emotion."
            )
    return ListenerLabels(spans, any(row.get("channel") for row in rows))


def _read_audacity(path: Path) -> list[label_tables.Row]:
    # Lines that begin with a backslash hold the frequencies of the label above.
    lines = [line for line in label_tables.read_text(path).splitlines() if line.strip() and not line.startswith("\\")]
    try:
        return [
            {"start_ms": str(round(float(start) * 1000)), "end_ms": str(round(float(end) * 1000)), "emotion": name}
            for start, end, name in (line.split("\t") for line in lines)
        ]
    except ValueError:
        raise NotEvaluable(
            f"{path} is no file of Audacity's labels: each line must hold start and end in seconds and an emotion, "
            "with tabs between."
        ) from None


def _span(path: Path, row: label_tables.Row, label_map: Mapping[str, str]) -> LabelledSpan:
    try:
        start, end, channel = (int(row.get(name) or 0) for name in ("start_ms", "end_ms", "channel"))
    except ValueError:
        raise NotEvaluable(f"{path}: start_ms, end_ms and channel must be whole numbers, not {row}.") from None
    if not 0 <= start < end:
        raise NotEvaluable(f"{path}: a stretch must end after it begins, not go from {start} to {end} ms.")
    return LabelledSpan(channel, start, end, model_label(row["emotion"], label_map))
