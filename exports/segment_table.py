"""Segments as a table, a row for each: what the formats for tables have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any

from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.timeline import Result


class Kind(Enum):
    """What a column's values are; each may be None too."""

    TEXT = auto()
    INTEGER = auto()
    REAL = auto()
    TIME = auto()
    """A datetime with its zone."""
    WORDS = auto()
    """A list of words, never None."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    values: Sequence[Any]


_ValueOf = Callable[[SegmentResult], Any]


def columns(recording: Recording, result: Result) -> list[Column]:
    """The columns, each with a value for each segment, in their order; those that were skipped too."""
    plan = [*_place(recording), *_outcome(), *_scores(result), *_correction(), *_model(result)]
    return [Column(name, kind, [value_of(it) for it in result.segments]) for name, kind, value_of in plan]


def _place(recording: Recording) -> Iterator[tuple[str, Kind, _ValueOf]]:
    yield "file", Kind.TEXT, lambda _: recording.filename
    yield "index", Kind.INTEGER, lambda it: it.segment.index
    yield "channel", Kind.INTEGER, lambda it: it.segment.channel
    yield "role", Kind.TEXT, lambda it: recording.role(it.segment.channel)
    yield "start_ms", Kind.INTEGER, lambda it: to_ms(it.segment.start)
    yield "end_ms", Kind.INTEGER, lambda it: to_ms(it.segment.end)
    yield "flags", Kind.WORDS, lambda it: [flag.value for flag in it.segment.flags]


def _outcome() -> Iterator[tuple[str, Kind, _ValueOf]]:
    yield "status", Kind.TEXT, lambda it: it.outcome.status.value
    yield "reason", Kind.TEXT, lambda it: it.outcome.reason and it.outcome.reason.value
    yield "emotion", Kind.TEXT, lambda it: it.outcome.emotion
    yield "confidence", Kind.REAL, lambda it: it.outcome.confidence


def _scores(result: Result) -> Iterator[tuple[str, Kind, _ValueOf]]:
    """A column for each label: the model's, and those of segments from before the model was another."""
    known = result.model.labels if result.model else ()
    for label in dict.fromkeys((*known, *(label for it in result.segments for label in it.outcome.scores or ()))):
        yield f"score_{label}", Kind.REAL, partial(_score, label)


def _score(label: str, it: SegmentResult) -> float | None:
    return (it.outcome.scores or {}).get(label)


def _correction() -> Iterator[tuple[str, Kind, _ValueOf]]:
    yield "corrected_emotion", Kind.TEXT, lambda it: it.correction and it.correction.emotion
    yield "comment", Kind.TEXT, lambda it: it.correction and it.correction.comment
    yield "corrected_at", Kind.TIME, lambda it: it.correction and it.correction.corrected_at


def _model(result: Result) -> Iterator[tuple[str, Kind, _ValueOf]]:
    model = result.model
    yield "model_id", Kind.TEXT, lambda _: model and model.id
    yield "model_sha256", Kind.TEXT, lambda _: model and model.sha256
