"""The segmentation benchmark: its metrics, its peers, and a short run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from lab.benchmarks.segment.bench import SegmentationPlan, measure
from lab.benchmarks.segment.clips import Span
from lab.benchmarks.segment.memory import peak_memory
from lab.benchmarks.segment.peers import auditok_segments, greedy, grid, pydub_segments
from lab.benchmarks.segment.quality import Quality, in_sound, lost, splits
from lab.benchmarks.segment.recording import Condition, Stretch, Truth, Utterance
from lab.benchmarks.segment.report import SegmentationReport
from lab.benchmarks.segment.segmentation import Segmented
from lab.benchmarks.segment.stopwatch import Stopwatch
from shared.domain.recording import SAMPLE_RATE
from tests.support.media.speech import speech_like
from tests.support.waiting import PATIENCE_S
from worker.pipeline_builder import VOICE_DETECTORS


def s(*edges: float) -> list[Span]:
    """Return spans in samples from their edges in seconds."""
    samples = [round(edge * SAMPLE_RATE) for edge in edges]
    return list(zip(samples[::2], samples[1::2], strict=True))


def utterance(*edges: float, condition: Condition = Condition.CLEAN) -> Utterance:
    return Utterance("somebody", condition, tuple(s(*edges)))


PAUSED = utterance(1, 2, 2.5, 4)
PLAIN = utterance(5, 8)
CROWDED = utterance(11, 12, condition=Condition.NO_PAUSE), utterance(12.05, 13, condition=Condition.NO_PAUSE)
TRUTH = Truth(
    (
        Stretch(Condition.CLEAN, 0, 10 * SAMPLE_RATE, (PAUSED, PLAIN)),
        Stretch(Condition.NO_PAUSE, 10 * SAMPLE_RATE, 14 * SAMPLE_RATE, CROWDED),
    )
)


@pytest.mark.parametrize(
    ("segments", "split", "sound"),
    [
        (s(0, 14), [], []),
        (s(0.9, 4.5, 4.5, 8.1), [], []),
        (s(0.9, 6.5, 6.5, 8.1), [PLAIN], [True]),
        (s(0.9, 6.5, 6.6, 8.1), [PLAIN], [True]),
        (s(0.9, 2.25, 2.25, 8.1), [PAUSED], [False]),
        (s(0.9, 2.1, 2.4, 8.1), [PAUSED], [False]),
        (s(0.9, 1.96, 2.54, 8.1), [PAUSED], [False]),
        (s(0.9, 1.9, 2.4, 8.1), [PAUSED], [True]),
        (s(0.9, 3, 6, 8.1), [], []),
        (s(0.9, 5.04, 5.04, 8.1), [], []),
        (s(0.9, 5.06, 5.06, 8.1), [PLAIN], [True]),
        (s(0.9, 4, 5.3, 8.1), [], []),
        (s(0.9, 1.5, 1.5, 6, 6, 7, 7, 8.1), [PAUSED, PLAIN], [True, True]),
        ([], [], []),
    ],
    ids=[
        "one segment",
        "a cut between two",
        "a cut in one",
        "a hole in one",
        "a cut in its pause",
        "a hole in its pause",
        "a hole of its pause and a little more",
        "a hole of its pause and its speech",
        "a hole over the end of one and the start of the next",
        "a cut 40 ms after its start",
        "a cut 60 ms after its start",
        "it begins too late",
        "several cuts",
        "nothing",
    ],
)
def test_an_utterance_is_split_when_two_segments_have_a_part_of_it(
    segments: list[Span], split: list[Utterance], sound: list[bool]
) -> None:
    gaps = splits([PAUSED, PLAIN], segments)
    assert [utterance for utterance, _ in gaps] == split
    assert [in_sound(utterance, gap) for utterance, gap in gaps] == sound


def test_speech_outside_segments_is_lost_and_a_pause_is_not() -> None:
    segments = s(1.2, 2, 2.5, 4, 5, 7.4, 10, 14)
    quality = Quality.from_segments(TRUTH, segments)
    assert quality.total.lost == (0.2 + 0.6) * SAMPLE_RATE
    assert quality.total.lost_share == pytest.approx(0.8 / (2.5 + 3 + 1.95))
    assert quality.by_condition[Condition.CLEAN].lost == 0.8 * SAMPLE_RATE
    assert quality.by_condition[Condition.NO_PAUSE].lost == 0
    lost_s = [lost(utterance, segments) / SAMPLE_RATE for utterance in (PAUSED, PLAIN)]
    assert lost_s == pytest.approx([0.2, 0.6])


def test_sound_of_segments_between_spans_is_not_speech() -> None:
    quality = Quality.from_segments(TRUTH, s(0.5, 4, 12, 13))
    assert quality.total.not_speech == pytest.approx((0.5 + 0.5 + 0.05) * SAMPLE_RATE)
    assert quality.total.not_speech_share == pytest.approx(1.05 / 4.5)
    assert quality.by_condition[Condition.CLEAN].not_speech_share == pytest.approx(1 / 3.5)


def test_a_cut_without_a_pause_counts_in_its_condition_and_not_in_the_total() -> None:
    quality = Quality.from_segments(TRUTH, s(0, 11.5, 11.5, 14))
    assert (quality.total.split, quality.total.utterances) == (0, 2)
    crowded = quality.by_condition[Condition.NO_PAUSE]
    assert (crowded.split, crowded.split_in_sound, crowded.utterances) == (1, 1, 2)


def test_a_segment_that_is_too_long_shows() -> None:
    quality = Quality.from_segments(TRUTH, s(0, 0.5, 1, 27))
    assert (quality.segments, quality.shortest_s, quality.longest_s) == (2, 0.5, 26)


def test_without_segments_everything_is_lost() -> None:
    quality = Quality.from_segments(TRUTH, [])
    assert quality.total.lost_share == 1
    assert (quality.total.split, quality.segments, quality.longest_s) == (0, 0, 0)


def test_the_grid_cuts_every_25_s() -> None:
    assert grid(60 * SAMPLE_RATE) == s(0, 25, 25, 50, 50, 60)


def test_greedy_cuts_our_speech_at_the_last_pause_before_25_s() -> None:
    speech = s(1, 10, 10.4, 20, 20.4, 30, 40, 80)
    ours = Segmented(s(0.9, 10.2, 10.2, 30.1, 39.9, 60, 60, 80.1), speech, None)
    assert greedy(ours) == s(0.9, 20.2, 20.2, 30.1, 39.9, 64.9, 64.9, 80.1)


def test_the_peers_find_the_phrases_of_plain_speech(tmp_path: Path) -> None:
    sound = speech_like(8, pauses=[(0, 1), (3, 4), (7, 8)]).samples
    line = np.random.default_rng(0).integers(-3, 4, len(sound))
    soundfile.write(tmp_path / "a.wav", (sound + line).astype(np.int16), SAMPLE_RATE)
    truth = np.array(s(1, 3, 4, 7))
    assert np.array(pydub_segments(tmp_path / "a.wav")) == pytest.approx(truth, abs=0.15 * SAMPLE_RATE)
    assert np.array(auditok_segments(tmp_path / "a.wav")) == pytest.approx(truth, abs=0.35 * SAMPLE_RATE)


def test_the_peers_are_imported_without_a_warning(tmp_path: Path) -> None:
    # An empty bytecode cache compiles pydub again, which warns too.
    before, peers = "import sys, auditok, lab.benchmarks.segment.segmentation", "import lab.benchmarks.segment.peers"
    script = f"{before}; sys.pycache_prefix = sys.argv[1]; {peers}"
    subprocess.run([sys.executable, "-W", "error", "-c", script, tmp_path], check=True, timeout=PATIENCE_S)


def test_a_stopwatch_counts_children() -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    stopwatch = Stopwatch(lambda: subprocess.run([sys.executable, "-c", busy], check=True).returncode)
    assert stopwatch.round() >= 0.5
    assert stopwatch.cpu_s[0] >= 0.5
    assert stopwatch.results == [0]


def test_memory_is_not_measured_where_decoding_fails(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("no sound")
    with pytest.raises(subprocess.CalledProcessError):
        peak_memory(tmp_path / "a.mp3", 1)


@pytest.fixture(scope="module")
def report() -> SegmentationReport:
    return measure(SegmentationPlan(rounds=1, hours=0.02, long_hours=0.06), lambda name, done, steps: None)


def test_a_report_is_a_json_document_of_everything(report: SegmentationReport) -> None:
    document: dict[str, Any] = json.loads(json.dumps(report.document()))
    assert document["benchmark"] == "segment"
    assert document["hours"] == 0.02
    ours = [f"decode + segment, {vad}" for vad in VOICE_DETECTORS]
    titles = ["decode, PyAV in this process", "decode alone", *ours, "auditok", "pydub"]
    assert [cost["title"] for cost in document["costs"]] == titles
    assert all(min(cost["wall_s"] + cost["cpu_s"]) > 0 for cost in document["costs"])
    assert document["costs"][1]["wall_ratio"] == document["costs"][1]["cpu_ratio"] == 1
    assert set(document["first_segment_s"]) == set(VOICE_DETECTORS)
    assert all(0 < first < PATIENCE_S for [first] in document["first_segment_s"].values())


def test_memory_is_of_a_process_and_its_decoder(report: SegmentationReport) -> None:
    assert [peak.hours for peak in report.memory] == pytest.approx([0.02, 0.06])
    assert all(min(peak.parent, peak.child) > 10 * 2**20 for peak in report.memory)
    assert 0.5 < report.memory_ratio < 1.5


def test_ours_loses_less_than_the_peers_and_has_no_segment_over_25_s(report: SegmentationReport) -> None:
    by_method = {method.title: method.quality for method in report.quality if method.part == "whole"}
    ours = {f"ours, {vad}" for vad in VOICE_DETECTORS}
    assert set(by_method) == ours | {"greedy, webrtc", "grid of 25 s", "auditok"}
    assert all(quality.longest_s <= 25 for quality in by_method.values())
    assert by_method["grid of 25 s"].total.lost == 0
    assert by_method["ours, webrtc"].total.lost < by_method["auditok"].total.lost
    assert by_method["ours, webrtc"].by_condition[Condition.CLEAN].lost_share < 0.03


def test_tables_fit_a_terminal(report: SegmentationReport) -> None:
    console = Console(width=120, record=True)
    console.print(report.table())
    text = console.export_text()
    assert "Memory at 0.02 h" in text
    assert "…" not in text


def test_no_torch_is_needed() -> None:
    script = "import sys, lab.benchmarks.segment.bench; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE_S)
