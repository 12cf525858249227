"""The exports of the bundled call, from the real model over HTTP, each read by its field's library."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas
import pytest

from emoline.client import Client as PythonClient
from tests.support.export_readers import (
    Span,
    Tiers,
    audacity_by_its_manual,
    eaf_by_pympi,
    rttm_by_pyannote,
    srt_by_srt,
    textgrid_by_praat,
    textgrid_by_praatio,
    vtt_by_webvtt,
)
from tests.support.service_client import Client

CALL = Path(__file__).parents[2] / "samples" / "call.opus"
ROLES = ["=agent", 'the "customer" --> & <co>']


@pytest.fixture(scope="module")
def job(client: Client) -> dict[str, Any]:
    """A job, of which a person has corrected two segments."""
    job, result = client.analysed(CALL.read_bytes(), channels="split", roles=ROLES)
    for index in (0, len(result["segments"]) - 1):
        correction = {"emotion": "surprised", "comment": f"+ {index}"}
        assert client.put(f"/v1/jobs/{job['id']}/segments/{index}/correction", json=correction).status_code == 200
    return job


@pytest.fixture(scope="module")
def result(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = client.get(job["links"]["result"]).json()
    assert {segment["role"] for segment in document["segments"]} == set(ROLES)
    return document


def exported(client: Client, job: dict[str, Any], to: str) -> bytes:
    with PythonClient(str(client.base_url)) as python:
        return python.export(job["id"], to)


def spans(entries: list[dict[str, Any]], name: str = "{emotion}") -> list[Span]:
    return [(entry["start_ms"], entry["end_ms"], name.format(**entry)) for entry in entries]


def tiers(result: dict[str, Any]) -> Tiers:
    spans_by_tier: Tiers = {}
    for role in ROLES:
        segments_of_role = [segment for segment in result["segments"] if segment["role"] == role]
        spans_by_tier[role] = spans([segment for segment in segments_of_role if segment["status"] == "ok"])
        corrected = [segment for segment in segments_of_role if segment["correction"]]
        if corrected:
            spans_by_tier[f"{role} (corrected)"] = spans(corrected, "{correction[emotion]}")
            spans_by_tier[f"{role} (model)"] = spans(corrected, "{model_emotion}")
    return spans_by_tier


def test_tables_hold_the_segments_of_the_result(client: Client, job: dict[str, Any], result: dict[str, Any]) -> None:
    tables = [
        pandas.read_csv(io.BytesIO(exported(client, job, "csv"))),
        pandas.read_json(io.BytesIO(exported(client, job, "jsonl")), lines=True),
        pandas.read_parquet(io.BytesIO(exported(client, job, "parquet"))),
    ]
    segments = result["segments"]
    labels = list(segments[0]["scores"])
    for table in tables:
        for name in ("index", "channel", "start_ms", "end_ms", "status", "emotion"):
            assert table[name].tolist() == [segment[name] for segment in segments]
        for label in labels:
            scores = [segment["scores"][label] for segment in segments]
            assert table[f"score_{label}"].tolist() == pytest.approx(scores, rel=1e-12)  # pandas reads JSON roughly
        assert table["corrected_emotion"].dropna().index.tolist() == [0, len(segments) - 1]
        assert set(table["model_sha256"]) == {result["model"]["sha256"]}
    assert set(tables[0]["role"]) == {f"'{ROLES[0]}", ROLES[1]}
    assert all(table["role"].tolist() == [segment["role"] for segment in segments] for table in tables[1:])


def test_subtitles_hold_the_timeline(client: Client, job: dict[str, Any], result: dict[str, Any]) -> None:
    marks = {True: ", corrected", False: ""}
    entries = [entry | {"mark": marks[entry["corrected"]]} for entry in result["timeline"]]
    assert any(entry["mark"] for entry in entries)
    expected = spans(entries, "{role}: {emotion} ({confidence:.0%}{mark})")
    as_text = [(start, end, text.replace("<", "&lt;").replace(">", "&gt;")) for start, end, text in expected]
    assert srt_by_srt(exported(client, job, "srt")) == as_text  # players read tags in it
    assert vtt_by_webvtt(exported(client, job, "vtt")) == expected


def test_tiers_hold_the_segments_and_the_corrections(
    client: Client, job: dict[str, Any], result: dict[str, Any], tmp_path: Path
) -> None:
    expected = tiers(result)
    assert len(expected) in (4, 6)
    grid = exported(client, job, "textgrid")
    assert textgrid_by_praatio(grid, tmp_path) == textgrid_by_praat(grid, tmp_path) == expected
    assert eaf_by_pympi(exported(client, job, "eaf"), tmp_path) == expected


def test_lines_hold_the_segments(client: Client, job: dict[str, Any], result: dict[str, Any], tmp_path: Path) -> None:
    segments = result["segments"]
    ((file, turns),) = rttm_by_pyannote(exported(client, job, "rttm"), tmp_path).items()
    assert file == "call"
    assert [(start, end, unquote(name)) for start, end, name in turns] == sorted(spans(segments, "{role}:{emotion}"))
    labels = audacity_by_its_manual(exported(client, job, "audacity"))
    assert [(start, end, label.partition(" (")[0]) for start, end, label in labels] == spans(
        segments, "{role}: {emotion}"
    )
    assert [index for index, label in enumerate(labels) if "surprised (" in label[2]] == [0, len(segments) - 1]
    assert [index for index, label in enumerate(labels) if "corrected from" in label[2]] == [0, len(segments) - 1]
