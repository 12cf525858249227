"""CSV, JSON Lines and Parquet, read by pandas, pyarrow and the standard library."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pandas
import pytest
from pyarrow import parquet

from exports.csv import to_csv
from exports.jsonl import to_jsonl
from exports.parquet import to_parquet
from shared.domain.timeline import Result
from tests.exports.recordings import HOSTILE, LABELS, WHEN, awkward, recording, result_of

ROLES = ("agent", "customer")
NAMES = [
    *("file", "index", "channel", "role", "start_ms", "end_ms", "flags", "status", "reason", "emotion", "confidence"),
    *("score_angry", "score_happy", "score_sad"),
    *("model_emotion", "corrected_emotion", "comment", "corrected_at", "corrected_by", "model_id", "model_sha256"),
]


def expected(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "file": "call.mp3",
            "index": row.segment.index,
            "channel": row.segment.channel,
            "role": ROLES[row.segment.channel],
            "start_ms": row.segment.start // 16,
            "end_ms": row.segment.end // 16,
            "flags": [str(flag) for flag in row.segment.flags],
            "status": "ok" if row.ok else "skipped",
            "reason": None if row.ok else "timeout",
            "emotion": row.outcome.emotion,
            "confidence": row.outcome.confidence,
            **{f"score_{label}": row.outcome.scores[label] if row.outcome.scores else None for label in LABELS},
            "model_emotion": row.outcome.emotion,
            "corrected_emotion": row.correction.emotion if row.correction else None,
            "comment": row.correction.comment if row.correction else None,
            "corrected_at": WHEN if row.correction else None,
            "corrected_by": "key_1" if row.correction else None,
            "model_id": "emoline/test",
            "model_sha256": "0badcafe",
        }
        for row in result.segments
    ]


def read_csv(content: bytes) -> list[dict[str, Any]]:
    """Read the rows with pandas, which is told nothing but how empty cells look."""
    frame = pandas.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])
    assert frame.columns.tolist() == NAMES
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def test_csv_holds_every_segment(result: Result) -> None:
    rows = read_csv(to_csv(recording(*ROLES), result))
    for row in rows:
        row["flags"] = (row["flags"] or "").split()
        row["corrected_at"] = row["corrected_at"] and pandas.Timestamp(row["corrected_at"]).to_pydatetime()
    assert rows == expected(result)


def test_jsonl_holds_every_segment(result: Result) -> None:
    content = to_jsonl(recording(*ROLES), result)
    rows = [json.loads(line) for line in content.decode().splitlines()]
    assert [list(row) for row in rows] == [NAMES] * len(rows)
    for row in rows:
        row["corrected_at"] = row["corrected_at"] and pandas.Timestamp(row["corrected_at"]).to_pydatetime()
    assert rows == expected(result)
    assert pandas.read_json(io.BytesIO(content), lines=True)["start_ms"].tolist() == [row["start_ms"] for row in rows]


def test_parquet_holds_every_segment_in_types_of_its_own(result: Result) -> None:
    table = parquet.read_table(io.BytesIO(to_parquet(recording(*ROLES), result)))
    assert table.to_pylist() == expected(result)
    types = {name: str(table.schema.field(name).type) for name in NAMES}
    assert (types["start_ms"], types["score_sad"], types["role"]) == ("int64", "double", "string")
    assert (types["flags"], types["corrected_at"]) == ("list<element: string>", "timestamp[ms, tz=UTC]")
    frame = pandas.read_parquet(io.BytesIO(to_parquet(recording(*ROLES), result)))
    assert frame["corrected_at"].dropna().tolist() == [WHEN, WHEN]


def test_tables_of_nothing_have_their_columns() -> None:
    empty = result_of()
    assert read_csv(to_csv(recording(), empty)) == []
    assert to_jsonl(recording(), empty) == b""
    table = parquet.read_table(io.BytesIO(to_parquet(recording(), empty)))
    assert (table.num_rows, table.column_names) == (0, NAMES)


def test_csv_follows_rfc_4180_and_opens_in_excel() -> None:
    content = to_csv(recording("a,b", 'say "x"'), awkward("one, two"))
    assert content.startswith(b"\xef\xbb\xbffile,index,")
    assert content.count(b"\r\n") == content.count(b"\n") == 7
    assert b'"a,b"' in content
    assert b'"say ""x"""' in content


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_is_never_a_formula_and_otherwise_as_written(text: str) -> None:
    content = to_csv(recording(text, "customer", filename=text), awkward(text))
    (first, *_) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    for cell in (first["role"], first["comment"], first["file"]):
        assert cell in (text, f"'{text}")
        assert cell.lstrip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("text", HOSTILE)
def test_other_formats_have_the_text_as_written(text: str) -> None:
    named, result = recording(text, filename=text), awkward(text)
    first = json.loads(to_jsonl(named, result).decode().split("\n")[0])
    assert (first["role"], first["comment"], first["file"]) == (text, text, text)
    frame = pandas.read_parquet(io.BytesIO(to_parquet(named, result)))
    assert frame.loc[0, ["role", "comment", "file"]].tolist() == [text, text, text]


@pytest.fixture
def result() -> Result:
    return awkward("Raises her voice.")
