"""Segments as a table, a row for each: the columns that CSV, JSON Lines and Parquet share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from shared.domain.recording import Recording, to_ms
from shared.domain.segment import SegmentResult
from shared.domain.speakers import speaker_label
from shared.domain.timeline import Result


class ColumnType(Enum):
    """The type of a column's values; each value may be None too."""

    TEXT = auto()
    INTEGER = auto()
    REAL = auto()
    TIME = auto()
    """A datetime with its zone."""
    WORDS = auto()
    """A list of words, never None."""


@dataclass(frozen=True, slots=True)
class Column:
    """A named column with a value for each segment, in their order."""

    name: str
    type: ColumnType
    values: Sequence[Any]


def speaker_of(row: SegmentResult) -> str | None:
    """Return the id of a segment's speaker, None where speakers were not told apart."""
    return None if row.speaker is None else speaker_label(row.speaker)


def segment_columns(recording: Recording, result: Result) -> list[Column]:
    """Build the columns of a result, each with a value for each segment, skipped ones too.

    There is a column for each label of the model, and for labels that only segments analysed by an earlier model have.
    """
    rows = result.segments
    segments = [row.segment for row in rows]
    outcomes = [row.outcome for row in rows]
    corrections = [row.correction for row in rows]
    model = result.model
    labels = dict.fromkeys(
        (*(model.labels if model else ()), *(label for outcome in outcomes for label in outcome.scores or ()))
    )
    told_apart = any(row.speaker is not None for row in rows)
    text, integer, real = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.REAL
    return [
        Column("file", text, [recording.filename] * len(rows)),
        Column("index", integer, [segment.index for segment in segments]),
        Column("channel", integer, [segment.channel for segment in segments]),
        Column("role", text, [recording.role(segment.channel) for segment in segments]),
        *([Column("speaker", text, [speaker_of(row) for row in rows])] if told_apart else []),
        Column("start_ms", integer, [to_ms(segment.start) for segment in segments]),
        Column("end_ms", integer, [to_ms(segment.end) for segment in segments]),
        Column("flags", ColumnType.WORDS, [[flag.value for flag in row.flags] for row in rows]),
        Column("status", text, [outcome.status.value for outcome in outcomes]),
        Column("reason", text, [outcome.reason and outcome.reason.value for outcome in outcomes]),
        Column("emotion", text, [outcome.emotion for outcome in outcomes]),
        Column("confidence", real, [outcome.confidence for outcome in outcomes]),
        *(
            Column(f"score_{label}", real, [(outcome.scores or {}).get(label) for outcome in outcomes])
            for label in labels
        ),
        *_calibration_columns(result),
        Column("model_emotion", text, [row.model_outcome.emotion for row in rows]),
        Column("corrected_emotion", text, [correction and correction.emotion for correction in corrections]),
        Column("comment", text, [correction and correction.comment for correction in corrections]),
        Column("corrected_at", ColumnType.TIME, [correction and correction.corrected_at for correction in corrections]),
        Column("corrected_by", text, [correction and correction.key_id for correction in corrections]),
        Column("model_id", text, [model and model.id] * len(rows)),
        Column("model_sha256", text, [model and model.sha256] * len(rows)),
    ]


def _calibration_columns(result: Result) -> list[Column]:
    """Return the columns of what a calibrated model says besides; those without a value are left out."""
    columns = [
        Column("unfamiliarity", ColumnType.REAL, [row.outcome.unfamiliarity for row in result.segments]),
        Column("emotion_set", ColumnType.WORDS, [row.emotion_set(result.set_probability) for row in result.segments]),
    ]
    shown = [column for column in columns if any(value is not None for value in column.values)]
    return [
        replace(
            column,
            values=[[] if value is None and column.type is ColumnType.WORDS else value for value in column.values],
        )
        for column in shown
    ]
