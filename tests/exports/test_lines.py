"""RTTM, read by pyannote, and Audacity's labels, read as its manual describes them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from exports.audacity import to_labels
from exports.rttm import to_rttm
from tests.exports.recordings import HOSTILE, awkward, recording, result_of, scored
from tests.support.export_readers import audacity_by_its_manual, rttm_by_pyannote


def test_rttm_has_speaker_and_emotion_of_each_analysed_segment(tmp_path: Path) -> None:
    assert rttm_by_pyannote(to_rttm(recording("agent", "customer"), awkward()), tmp_path) == {
        "call": [
            (0, 2345, "agent:angry"),
            (1001, 3003, "customer:sad"),
            (2345, 4000, "agent:angry"),
            (39_000, 40_000, "customer:happy"),
        ]
    }


def test_rttm_has_the_ten_fields_of_nist() -> None:
    lines = to_rttm(recording("agent", "customer"), awkward()).decode().splitlines()
    assert lines[1] == "SPEAKER call 2 1.001 2.002 <NA> <NA> customer:sad 0.7500 <NA>"
    assert {len(line.split()) for line in lines} == {10}
    assert to_rttm(recording(), result_of()) == b""


@pytest.mark.parametrize("text", HOSTILE)
def test_names_in_rttm_come_back_as_they_were(text: str, tmp_path: Path) -> None:
    stem = text.replace("/", "")
    content = to_rttm(recording(text, "x", filename=f"call {stem}.mp3"), awkward())
    ((file, turns),) = rttm_by_pyannote(content, tmp_path).items()
    assert unquote(file) == f"call {stem}"
    assert {unquote(name.rpartition(":")[0]) for _, _, name in turns} == {text, "x"}


def test_audacity_has_a_label_for_each_segment_that_was_analysed_or_corrected() -> None:
    assert audacity_by_its_manual(to_labels(recording("agent", "customer"), awkward())) == [
        (0, 2345, "agent: angry (70%), corrected: sad"),
        (1001, 3003, "customer: sad (75%)"),
        (2345, 4000, "agent: angry (60%)"),
        (7000, 8001, "agent: unknown, corrected: fearful"),
        (39_000, 40_000, "customer: happy (80%)"),
    ]
    single = result_of(scored(0, 0, 0, 1000, 0.7, 0.2, 0.1))
    assert audacity_by_its_manual(to_labels(recording(), single)) == [(0, 1000, "angry (70%)")]


@pytest.mark.parametrize("role", HOSTILE)
def test_a_label_has_its_role_as_written(role: str) -> None:
    labels = audacity_by_its_manual(to_labels(recording(role, "x"), awkward()))
    assert labels[2] == (2345, 4000, f"{role}: angry (60%)")
