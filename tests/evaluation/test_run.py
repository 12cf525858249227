"""Evaluations through the real pipeline, of folders that nobody prepared and of a long recording."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.distortions import CONDITIONS
from evaluation.errors import NotEvaluable
from evaluation.report_files import write
from evaluation.run import Report, Source, evaluate_folder, evaluate_recording
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import SAMPLE_RATE, to_ms
from shared.domain.timeline import TimelineEntry
from tests.support.media.speech import speech_like
from worker.container import Pipeline
from worker.offline.analyze import analyze

EMODB = Path(__file__).parents[2] / ".." / "shared" / "data" / "emodb"
CALL = Path(__file__).parents[2] / "samples" / "call.opus"


def silent(name: str, done: int, total: int | None) -> None: ...


def evaluated(folder: Path, pipeline: Pipeline, *, robust: bool = False, **source: object) -> Report:
    asked = Source(folder, **source)  # type: ignore[arg-type]
    return evaluate_folder(asked, pipeline, SegmentationOptions(), silent, robust=robust)


def answer(file: Path, pipeline: Pipeline) -> str:
    """What `emoline analyze` says of a clip of one segment."""
    options = JobOptions(channels="mix")
    analysis = analyze(file, pipeline, options, file.parent, lambda *_: None, save_segments=False)
    assert len(analysis.result.segments) == 1
    assert analysis.result.dominant
    return analysis.result.dominant.emotion


def table(folder: Path, rows: Sequence[tuple[str, ...]], name: str = "labels.csv") -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips of speech, one with a space in its name and one in two channels, and some that are none."""
    (tmp_path / "day 1").mkdir()
    for seed, name in enumerate(["day 1/first clip.wav", "second.flac", "drittes ü.wav"]):
        samples = speech_like(2.5, seed=seed, pauses=[]).samples
        soundfile.write(tmp_path / name, np.stack([samples] * 2, axis=1) if seed == 1 else samples, 16_000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF, but no more of it")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000, np.int16), 16_000)
    return tmp_path


ROWS = [
    ("file", "emotion", "speaker", "mood"),
    ("day 1/first clip.wav", "angry", "anna", ""),
    ("second.flac", "Boredom", "bert", ""),
    ("drittes ü.wav", "confused", "anna", ""),
    ("broken.wav", "angry", "bert", ""),
    ("silent.wav", "angry", "bert", ""),
    ("not there.wav", "sad", "anna", ""),
]


def test_a_folder_that_nobody_prepared(folder: Path, pipeline: Pipeline) -> None:
    table(folder, ROWS)
    report = evaluated(folder, pipeline, label_map={"boredom": "other"})
    assert report.listed == 6
    assert {(each.file, each.reason) for each in report.skipped} == {
        ("broken.wav", "unsupported_media"),
        ("silent.wav", "no_speech"),
        ("not there.wav", "missing_file"),
    }
    third = answer(folder / "drittes ü.wav", pipeline)
    assert report.unknown_labels == {"confused": {third: 1}}
    files = {"angry": "day 1/first clip.wav", "other": "second.flac"}
    said = {spoken: answer(folder / file, pipeline) for spoken, file in files.items()}
    assert report.measured.weight == 2
    assert report.measured.wa.value == np.mean([spoken == found for spoken, found in said.items()])
    labels = list(report.measured.by_label)
    for spoken, found in said.items():
        assert report.measured.confusion[labels.index(spoken)][labels.index(found)] == 1
    assert (report.measured.units, report.measured.unit_count) == ("speakers", 2)
    assert set(report.measured.by_group) == {"speaker"}


def test_the_report_is_three_pictures_and_two_texts(folder: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    table(folder, ROWS[:2] + ROWS[3:])
    write(evaluated(folder, pipeline), tmp_path / "out" / "new")
    out = tmp_path / "out" / "new"
    assert {path.name for path in out.iterdir()} == {
        "report.json", "report.md", "confusion.png", "reliability.png", "coverage.png"
    }  # fmt: skip
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert document["weights_in"] == "clips"
    assert document["model"]["id"] == "emoline/mini"
    assert {each["reason"] for each in document["skipped"]} == {"unsupported_media", "no_speech", "missing_file"}
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "- not there.wav: missing_file" in text
    assert "not to be relied on" in text
    assert "So few tell little of others." in text
    assert str(folder) not in text + json.dumps(document)


def test_labels_that_are_all_foreign_lead_to_the_map(folder: Path, pipeline: Pipeline) -> None:
    table(folder, [ROWS[0], ("second.flac", "boredom", "", "")])
    with pytest.raises(NotEvaluable, match=r"the model knows: angry, disgusted.*--map boredom=other"):
        evaluated(folder, pipeline)


def test_nothing_but_missing_files_says_where_they_were_sought(folder: Path, pipeline: Pipeline) -> None:
    table(folder, [ROWS[0], ("wrong/second.flac", "angry", "", ""), ("broken.wav", "sad", "", "")])
    with pytest.raises(NotEvaluable) as raised:
        evaluated(folder, pipeline)
    assert "None of the 2 clips gave an answer: 1 missing_file, 1 unsupported_media" in str(raised.value)
    assert str(folder / "wrong" / "second.flac") in str(raised.value)


def test_robustness_is_told_for_every_condition_and_the_same_again(folder: Path, pipeline: Pipeline) -> None:
    table(folder, ROWS)
    first, again = (
        evaluated(folder, pipeline, robust=True, only={"file": frozenset({"second.flac", "broken.wav"})},
                  label_map={"boredom": "other"}).robustness
        for _ in range(2)
    )  # fmt: skip
    assert first == again
    assert [each.condition for each in first] == ["as recorded", *(condition.name for condition in CONDITIONS)]
    assert (first[0].flips, first[0].unanswered, first[0].uar_change) == (0, 0, 0)
    for each in first:
        assert each.clips == 1
        assert each.uar_change == pytest.approx(each.uar - first[0].uar)
        assert abs(each.uar_change) <= each.flips


@pytest.fixture
def call(tmp_path: Path, pipeline: Pipeline) -> Path:
    """The first two minutes of the bundled call, in two channels."""
    with CALL.open("rb") as opened, pipeline.decoder.open(opened) as stream:
        sound = np.concatenate(list(stream.blocks()))[: 120 * SAMPLE_RATE]
    soundfile.write(tmp_path / "call.wav", sound, SAMPLE_RATE)
    return tmp_path / "call.wav"


def timeline(file: Path, pipeline: Pipeline) -> tuple[TimelineEntry, ...]:
    options = JobOptions(channels="split")
    return analyze(file, pipeline, options, file.parent, lambda *_: None, save_segments=False).result.timeline


def truth(path: Path, entries: Sequence[TimelineEntry], late_ms: int = 0) -> Path:
    rows = [(to_ms(it.start) + late_ms, to_ms(it.end) + late_ms, it.emotion, it.channel) for it in entries]
    table(path, [("start_ms", "end_ms", "emotion", "channel"), *(tuple(map(str, row)) for row in rows)], "truth.csv")
    return path / "truth.csv"


def recording(file: Path, truth: Path, pipeline: Pipeline) -> Report:
    return evaluate_recording(Source(file, truth), pipeline, SegmentationOptions(), silent)


def test_a_long_recording_beside_its_truth(call: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    """The call's own timeline is the truth: all is right; then it is late, and then one emotion is another."""
    entries = timeline(call, pipeline)
    own = recording(call, truth(tmp_path, entries), pipeline)
    assert [own.measured.wa.value, own.measured.uar.value] == pytest.approx([1, 1])
    assert own.timeline
    assert own.timeline.covered_s == own.timeline.truth_s
    assert own.timeline.outside_s == 0
    assert own.timeline.boundaries.true == own.timeline.boundaries.answered == own.timeline.boundaries.found > 1
    assert own.timeline.boundaries.mean_ms == 0

    late = recording(call, truth(tmp_path, entries, late_ms=300), pipeline)
    assert late.timeline
    assert late.timeline.boundaries.median_ms == 300
    assert late.timeline.outside_s == pytest.approx(0.3 * len(entries))  # pauses between turns are longer than that
    assert late.timeline.covered_s == pytest.approx(late.timeline.truth_s - late.timeline.outside_s)

    times = Counter[str]()
    for it in entries:
        times[it.emotion] += it.end - it.start
    (most, time), (other, _) = times.most_common(2)
    other_truth = [replace(it, emotion=other) if it.emotion == most else it for it in entries]
    wrong = recording(call, truth(tmp_path, other_truth), pipeline)
    assert wrong.measured.wa.value == pytest.approx(1 - time / times.total(), abs=1e-3)
    write(wrong, tmp_path / "out")
    assert "## Timeline" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_a_recording_whose_truth_is_missing_or_of_another_channel(tmp_path: Path, pipeline: Pipeline) -> None:
    soundfile.write(tmp_path / "long.wav", speech_like(3).samples, 16_000)
    asked = Source(tmp_path / "long.wav")
    with pytest.raises(NotEvaluable, match=r"There is no .*long\.csv, which would say"):
        evaluate_recording(asked, pipeline, SegmentationOptions(), silent)
    (tmp_path / "long.csv").write_text("start_ms,end_ms,emotion,channel\n0,3000,sad,1\n")
    with pytest.raises(NotEvaluable, match=r"The truth tells of channel 1, and long\.wav has 1"):
        evaluate_recording(asked, pipeline, SegmentationOptions(), silent)


@pytest.mark.skipif(not EMODB.is_dir(), reason="EmoDB is not there")
def test_mini_is_the_network_that_learnt_from_emodb(pipeline: Pipeline, tmp_path: Path) -> None:
    """On what it was trained on, which no figure of its accuracy may come from."""
    with (EMODB / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["speaker"] in ("13", "16")]
    some = [row for emotion in {row["emotion"] for row in rows} for row in rows if row["emotion"] == emotion][::4]
    table(tmp_path, [("file", "emotion", "speaker"), *((row["file"], row["emotion"], row["speaker"]) for row in some)])
    report = evaluated(EMODB, pipeline, labels=tmp_path / "labels.csv")
    assert not report.skipped
    assert report.measured.weight == len(some)
    assert report.measured.uar.value > 0.8
