"""Evaluations through the real pipeline, of folders as users have them and of a long recording."""

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
from evaluation.report_files import write_report
from evaluation.run import EvaluationReport, EvaluationSource, evaluate_folder, evaluate_recording
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import SAMPLE_RATE, to_ms
from shared.domain.timeline import TimelineEntry
from tests.support.media.speech import speech_like
from worker.offline.analyze import analyze
from worker.pipeline_builder import Pipeline

EMODB = Path(__file__).parents[2] / ".." / "shared" / "data" / "emodb"
CALL = Path(__file__).parents[2] / "samples" / "call.opus"


def ignore_step(name: str, steps_done: int, total: int | None) -> None: ...


def evaluated(folder: Path, pipeline: Pipeline, *, robust: bool = False, **source: object) -> EvaluationReport:
    evaluation_source = EvaluationSource(folder, **source)  # type: ignore[arg-type]
    return evaluate_folder(evaluation_source, pipeline, SegmentationOptions(), ignore_step, robust=robust)


def answer(file: Path, pipeline: Pipeline) -> str:
    """Return the emotion that `emoline analyze` reports for a clip of one segment."""
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


def test_a_folder_as_users_have_it(folder: Path, pipeline: Pipeline) -> None:
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
    answers = {spoken: answer(folder / file, pipeline) for spoken, file in files.items()}
    assert report.measured.weight == 2
    assert report.measured.wa.value == np.mean([spoken == answered for spoken, answered in answers.items()])
    labels = list(report.measured.by_label)
    for spoken, answered in answers.items():
        assert report.measured.confusion[labels.index(spoken)][labels.index(answered)] == 1
    assert (report.measured.units, report.measured.unit_count) == ("speakers", 2)
    assert set(report.measured.by_group) == {"speaker"}


def test_the_report_is_three_pictures_and_two_texts(folder: Path, pipeline: Pipeline, tmp_path: Path) -> None:
    table(folder, ROWS[:2] + ROWS[3:])
    write_report(evaluated(folder, pipeline), tmp_path / "out" / "new")
    out = tmp_path / "out" / "new"
    assert {path.name for path in out.iterdir()} == {
        "report.json", "report.md", "answers.csv", "confusion.png", "reliability.png", "coverage.png"
    }  # fmt: skip
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert "answers" not in document
    with (out / "answers.csv").open(encoding="utf-8-sig", newline="") as lines:
        answers = {row["file"]: row for row in csv.DictReader(lines)}
    assert list(answers) == [row[0] for row in ROWS[1:2] + ROWS[3:]]
    first = answers["day 1/first clip.wav"]
    assert (first["emotion"], first["speaker"], first["reason"]) == ("angry", "anna", "")
    assert first["answered"] == answer(folder / "day 1" / "first clip.wav", pipeline)
    scores = {name: float(value) for name, value in first.items() if name.startswith("score_")}
    assert sum(scores.values()) == pytest.approx(1, abs=1e-4)
    assert float(first["confidence"]) == max(scores.values()) == scores[f"score_{first['answered']}"]
    assert (answers["silent.wav"]["answered"], answers["silent.wav"]["reason"]) == ("", "no_speech")
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


def test_a_folder_of_missing_files_names_the_path_that_was_tried(folder: Path, pipeline: Pipeline) -> None:
    table(folder, [ROWS[0], ("wrong/second.flac", "angry", "", ""), ("broken.wav", "sad", "", "")])
    with pytest.raises(NotEvaluable) as raised:
        evaluated(folder, pipeline)
    assert "None of the 2 clips gave an answer: 1 missing_file, 1 unsupported_media" in str(raised.value)
    assert str(folder / "wrong" / "second.flac") in str(raised.value)


def test_robustness_covers_every_condition_and_is_the_same_again(folder: Path, pipeline: Pipeline) -> None:
    table(folder, ROWS)
    first, repeated = (
        evaluated(folder, pipeline, robust=True, only={"file": frozenset({"second.flac", "broken.wav"})},
                  label_map={"boredom": "other"}).robustness
        for _ in range(2)
    )  # fmt: skip
    assert first == repeated
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
    rows = [
        (to_ms(entry.start) + late_ms, to_ms(entry.end) + late_ms, entry.emotion, entry.channel) for entry in entries
    ]
    table(path, [("start_ms", "end_ms", "emotion", "channel"), *(tuple(map(str, row)) for row in rows)], "truth.csv")
    return path / "truth.csv"


def recording(file: Path, truth: Path, pipeline: Pipeline) -> EvaluationReport:
    return evaluate_recording(EvaluationSource(file, truth), pipeline, SegmentationOptions(), ignore_step)


def test_a_long_recording_beside_its_truth(call: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    """The call's own timeline is the truth: all is right; then it is late, and then one emotion is another."""
    entries = timeline(call, pipeline)
    exact = recording(call, truth(tmp_path, entries), pipeline)
    assert [exact.measured.wa.value, exact.measured.uar.value] == pytest.approx([1, 1])
    assert exact.timeline
    assert exact.timeline.covered_s == exact.timeline.truth_s
    assert exact.timeline.outside_s == 0
    assert exact.timeline.boundaries.true == exact.timeline.boundaries.answered == exact.timeline.boundaries.found > 1
    assert exact.timeline.boundaries.mean_ms == 0
    assert exact.timeline.boundaries.f1 == 1
    assert exact.timeline.errors.eder == 0

    late = recording(call, truth(tmp_path, entries, late_ms=300), pipeline)
    assert late.timeline
    assert late.timeline.boundaries.median_ms == 300
    assert late.timeline.outside_s == pytest.approx(0.3 * len(entries))  # pauses between turns are longer than that
    assert late.timeline.covered_s == pytest.approx(late.timeline.truth_s - late.timeline.outside_s)

    times = Counter[str]()
    for entry in entries:
        times[entry.emotion] += entry.end - entry.start
    (frequent, time), (second, _) = times.most_common(2)
    changed = [replace(entry, emotion=second) if entry.emotion == frequent else entry for entry in entries]
    wrong = recording(call, truth(tmp_path, changed), pipeline)
    assert wrong.measured.wa.value == pytest.approx(1 - time / times.total(), abs=1e-3)
    write_report(wrong, tmp_path / "out")
    assert "## Timeline" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_a_recording_whose_truth_is_missing_or_of_another_channel(tmp_path: Path, pipeline: Pipeline) -> None:
    soundfile.write(tmp_path / "long.wav", speech_like(3).samples, 16_000)
    evaluation_source = EvaluationSource(tmp_path / "long.wav")
    with pytest.raises(NotEvaluable, match=r"There is no .*long\.csv, which would say"):
        evaluate_recording(evaluation_source, pipeline, SegmentationOptions(), ignore_step)
    (tmp_path / "long.csv").write_text("start_ms,end_ms,emotion,channel\n0,3000,sad,1\n")
    with pytest.raises(NotEvaluable, match=r"The truth tells of channel 1, and long\.wav has 1"):
        evaluate_recording(evaluation_source, pipeline, SegmentationOptions(), ignore_step)


def test_speakers_beside_rttm(call: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    """The call is mixed; its two channels by themselves are the truth of who speaks and of the emotions."""
    entries = sorted(timeline(call, pipeline), key=lambda entry: entry.start)
    sound, rate = soundfile.read(call, dtype="int16")
    soundfile.write(tmp_path / "mixed.wav", sound.mean(axis=1).astype(np.int16), rate)
    lines = [
        f"SPEAKER mixed 1 {entry.start / SAMPLE_RATE:.3f} {(entry.end - entry.start) / SAMPLE_RATE:.3f} <NA> <NA> "
        f"{('agent', 'customer')[entry.channel]} <NA> <NA>"
        for entry in entries
    ]
    (tmp_path / "mixed.rttm").write_text("\n".join(lines), encoding="utf-8")
    starts = [entry.start for entry in entries[1:]] + [entries[-1].end]
    alone = [replace(each, channel=0, end=min(each.end, to)) for each, to in zip(entries, starts, strict=True)]
    labels = truth(tmp_path, [each for each in alone if each.start < each.end])
    (tmp_path / "mixed.csv").write_text(labels.read_text(encoding="utf-8").replace("channel", "note"), encoding="utf-8")
    source = EvaluationSource(tmp_path / "mixed.wav", rttm=tmp_path / "mixed.rttm", speakers=2)
    report = evaluate_recording(source, pipeline, SegmentationOptions(), ignore_step)
    assert report.speakers
    assert report.speakers.true_speakers == report.speakers.speakers == 2
    assert report.speakers.found_right > 0.9
    assert report.speakers.der_collar < 0.15
    assert set(report.measured.by_group["speaker"]) == {"agent", "customer"}
    write_report(report, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "## Speakers" in text
    assert "## By speaker" in text
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert document["source"]["rttm"] == "mixed.rttm"
    assert document["speakers"]["der"] == pytest.approx(report.speakers.der, abs=1e-4)


@pytest.mark.skipif(not EMODB.is_dir(), reason="EmoDB is not there")
def test_mini_is_the_network_that_learnt_from_emodb(pipeline: Pipeline, tmp_path: Path) -> None:
    """Evaluate the model on its training data, which may give no figure of its accuracy."""
    with (EMODB / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["speaker"] in ("13", "16")]
    sample = [row for emotion in {row["emotion"] for row in rows} for row in rows if row["emotion"] == emotion][::4]
    table(
        tmp_path, [("file", "emotion", "speaker"), *((row["file"], row["emotion"], row["speaker"]) for row in sample)]
    )
    report = evaluated(EMODB, pipeline, labels=tmp_path / "labels.csv")
    assert not report.skipped
    assert report.measured.weight == len(sample)
    assert report.measured.uar.value > 0.8
