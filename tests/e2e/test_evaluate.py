"""`emoline evaluate`, run as a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from tests.support.command_line import emoline
from tests.support.media.speech import speech_like


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    for seed in range(2):
        soundfile.write(tmp_path / "clips" / f"clip {seed}.wav", speech_like(2.5, seed=seed).samples, 16_000)
    lines = ["file,emotion,speaker", "clip 0.wav,boredom,1", "clip 1.wav,angry,2", "clip 2.wav,sad,2"]
    (tmp_path / "clips" / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "clips"


def test_evaluate_measures_a_folder_and_reports_skipped_clips(folder: Path, tmp_path: Path) -> None:
    completed = emoline("evaluate", folder, "--out", tmp_path / "out", "--map", "boredom=other", "--min-ms", 2000)
    assert completed.returncode == 0, completed.stderr
    assert "UAR" in completed.stdout
    assert "1 were skipped" in completed.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["measured"]["weight"] == 2
    assert report["segmentation"]["min_ms"] == 2000
    assert report["source"]["map"] == {"boredom": "other"}
    assert report["skipped"] == [{"file": "clip 2.wav", "reason": "missing_file"}]
    assert report["robustness"] == []


def test_evaluate_only_some_under_every_condition(folder: Path, tmp_path: Path) -> None:
    completed = emoline(
        "evaluate", folder, "--out", tmp_path / "out", "--only", "speaker=2", "--robustness", "--emotions", "angry,sad"
    )
    assert completed.returncode == 0, completed.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["listed"], report["source"]["only"]) == (2, {"speaker": ["2"]})
    assert len(report["robustness"]) == 15
    assert report["model"]["labels"] == list(report["measured"]["by_label"]) == ["angry", "sad"]
    assert "| middle second |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_evaluate_a_recording_with_labels_of_audacity(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "truth.txt").write_text("0.0\t2.5\tangry\n", encoding="utf-8")
    (tmp_path / "who.rttm").write_text("SPEAKER clip 1 0 2.5 <NA> <NA> ada <NA> <NA>\n", encoding="utf-8")
    labels = ("--labels", tmp_path / "truth.txt", "--rttm", tmp_path / "who.rttm", "--speakers", "1-2")
    completed = emoline("evaluate", folder / "clip 0.wav", *labels, "--out", tmp_path / "out")
    assert completed.returncode == 0, completed.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["weights_in"] == "seconds"
    assert "DER" in completed.stdout
    assert report["speakers"]["true_speakers"] == report["speakers"]["speakers"] == 1
    assert report["speakers"]["right"] > 0.8
    assert 0 < report["timeline"]["covered_s"] <= report["timeline"]["truth_s"] == 2.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FOLDER", "--out", "OUT", "--map", "boredom"], "--map needs a name and a value with = between"),
        (["FOLDER", "--out", "OUT", "--only", "age=7"], "lacks the column age; it has: file, emotion, speaker"),
        (["FOLDER", "--out", "OUT", "--model", "no-such"], "There is no model directory no-such"),
        (["FOLDER", "--out", "OUT", "--emotions", "sad,angri"], "no model here knows `angri`; the nearest name is"),
        (["CLIP", "--out", "OUT", "--robustness"], "are for folders of clips"),
        (["CLIP", "--out", "OUT"], "which would say when which emotion is heard"),
    ],
)
def test_an_impossible_evaluation_ends_with_a_sentence(
    folder: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    places = {"FOLDER": folder, "CLIP": folder / "clip 0.wav", "OUT": tmp_path / "out"}
    completed = emoline("evaluate", *(places.get(argument, argument) for argument in arguments))
    assert completed.returncode == 1
    assert message in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr
    assert not (tmp_path / "out").exists()
