"""The voice detectors on the bundled call, whose speech is annotated, and on sounds that are no voice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.domain.options import JobOptions, SegmentationOptions, VoiceDetectorName
from shared.domain.recording import SAMPLE_RATE, from_ms, to_ms
from shared.findings.conversation import describe_conversation
from tests.support.waiting import PATIENCE_S
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.silero_vad import SileroVoiceDetector
from worker.pipeline.ports import Samples, VoiceDetector
from worker.pipeline.prepare import Preparation
from worker.pipeline.segmenter import Segmenter
from worker.pipeline_builder import VOICE_DETECTORS

SAMPLES = Path("samples")
AROUND = from_ms(200)
"""The distance allowed between a decision and the annotated speech, in samples."""
MINUTE = 60 * SAMPLE_RATE

every_detector = pytest.mark.parametrize("vad", VOICE_DETECTORS)


class Call(NamedTuple):
    """All [samples, channels]: the call, where its phrases are, where they or music are or might be heard to be."""

    sound: Samples
    spoken: NDArray[np.bool_]
    audible: NDArray[np.bool_]
    music: NDArray[np.bool_]


@pytest.fixture(scope="module")
def call() -> Call:
    with (SAMPLES / "call.opus").open("rb") as file, FfmpegDecoder(3600, 30).open(file) as stream:
        sound = np.concatenate(list(stream.blocks()))
    truth = json.loads((SAMPLES / "call.json").read_text(encoding="utf-8"))
    spoken, audible, music = (np.zeros(sound.shape, np.bool_) for _ in range(3))
    for turn in truth["turns"]:
        for phrase in turn["phrases"]:
            start, end = from_ms(phrase["start_ms"]), from_ms(phrase["end_ms"])
            spoken[start:end, turn["channel"]] = True
            audible[max(0, start - AROUND) : end + AROUND, turn["channel"]] = True
    for event in truth["events"]:
        music[from_ms(event["start_ms"]) : from_ms(event["end_ms"]), event["channel"]] = True
    return Call(sound, spoken, audible | music, music)


def voiced(detector: VoiceDetector, sound: Samples) -> NDArray[np.bool_]:
    """For each sample of `sound` [n], the decision for its frame."""
    decisions = detector.voiced(np.pad(sound, (0, -len(sound) % detector.frame)))
    return np.repeat(decisions, detector.frame)[: len(sound)]


def at_level(sound: Samples, spoken: NDArray[np.bool_], dbfs: float) -> Samples:
    """The same sound [n], its speech at this level."""
    level = np.sqrt(np.mean(sound[spoken].astype(np.float64) ** 2)) / 32768
    return np.asarray(np.round(sound * 10 ** (dbfs / 20) / level), np.int16)


def noise(seconds: float, dbfs: float) -> Samples:
    """White noise."""
    values = np.random.default_rng(1).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * SAMPLE_RATE))
    return np.asarray(values.clip(-32768, 32767), np.int16)


def chords(seconds: float) -> Samples:
    """Two chords a second, each of three plucked strings, peaking at -3 dBFS."""
    beat = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    roots = 220 * 2 ** (np.array([0, 9, 5, 7]) / 12)
    bar = np.concatenate([sum(_string(root * ratio, beat) for ratio in (1, 1.26, 1.498)) for root in roots])
    return np.resize(bar / np.abs(bar).max() * 32767 * 0.7, round(seconds * SAMPLE_RATE)).astype(np.int16)


def _string(hertz: float, time: NDArray[np.float64]) -> NDArray[np.float64]:
    waves = [np.sin(2 * np.pi * hertz * overtone * time) / overtone for overtone in range(1, 7)]
    return np.asarray(np.sum(waves, axis=0) * np.exp(-4 * time))


@every_detector
@pytest.mark.parametrize("channel", [0, 1])
def test_speech_is_found(call: Call, vad: VoiceDetectorName, channel: int) -> None:
    mask = voiced(VOICE_DETECTORS[vad](), call.sound[:, channel])
    assert mask[call.spoken[:, channel]].mean() > 0.9  # a phrase has short pauses of its own


@pytest.mark.parametrize(("vad", "most"), [("webrtc", 0.2), ("silero", 0.01)])
@pytest.mark.parametrize("channel", [0, 1])
def test_line_noise_between_the_phrases_is_no_voice(
    call: Call, vad: VoiceDetectorName, most: float, channel: int
) -> None:
    mask = voiced(VOICE_DETECTORS[vad](), call.sound[:, channel])
    assert mask[~call.audible[:, channel]].mean() < most


def test_silero_is_not_taken_in_by_the_calls_hold_music_where_webrtc_is(call: Call) -> None:
    music = call.music[:, 0]
    assert voiced(VOICE_DETECTORS["silero"](), call.sound[:, 0])[music].mean() < 0.005
    assert voiced(VOICE_DETECTORS["webrtc"](), call.sound[:, 0])[music].mean() > 0.9


@pytest.mark.parametrize(
    "sound",
    [np.zeros(MINUTE, np.int16), noise(60, -60), noise(60, -35), noise(60, -12), chords(60), chords(60) // 20],
    ids=["silence", "faint noise", "noise", "loud noise", "music", "quiet music"],
)
def test_silero_takes_no_other_sound_for_voice(sound: Samples) -> None:
    assert voiced(VOICE_DETECTORS["silero"](), sound).mean() < 0.005


@every_detector
@pytest.mark.parametrize("dbfs", [-12, -45])
def test_no_speech_is_lost_to_the_segments_loud_or_quiet(call: Call, vad: VoiceDetectorName, dbfs: float) -> None:
    spoken = call.spoken[:, 0]
    segmenter = Segmenter(SegmentationOptions(vad=vad), VOICE_DETECTORS[vad])
    covered = np.zeros(len(spoken), np.bool_)
    for piece in [*segmenter.feed(at_level(call.sound[:, 0], spoken, dbfs)), *segmenter.finish()]:
        covered[piece.start : piece.end] = True
    assert (~covered[spoken]).mean() <= 0.005


@pytest.mark.parametrize("before", [chords(120), noise(120, -30)], ids=["music", "noise"])
def test_silero_finds_quiet_speech_after_minutes_of_loud_sound(call: Call, before: Samples) -> None:
    spoken = call.spoken[:, 0]
    mask = voiced(VOICE_DETECTORS["silero"](), np.concatenate([before, at_level(call.sound[:, 0], spoken, -45)]))
    assert mask[len(before) :][spoken].mean() > 0.93


@every_detector
@pytest.mark.parametrize("frames", [1, 37, 93, 315])
def test_decisions_do_not_depend_on_how_the_sound_is_divided(call: Call, vad: VoiceDetectorName, frames: int) -> None:
    whole, divided = VOICE_DETECTORS[vad](), VOICE_DETECTORS[vad]()
    sound = call.sound[: whole.frame * 1000, 0]
    parts = [sound[start : start + whole.frame * frames] for start in range(0, len(sound), whole.frame * frames)]
    assert np.array_equal(whole.voiced(sound), np.concatenate([divided.voiced(part) for part in parts]))


@every_detector
def test_a_fresh_detector_knows_nothing_of_what_another_heard(call: Call, vad: VoiceDetectorName) -> None:
    first, second = VOICE_DETECTORS[vad](), VOICE_DETECTORS[vad]()
    sound = call.sound[: 10 * first.frame * 40, 0]
    expected = first.voiced(sound)
    first.voiced(sound)
    assert np.array_equal(second.voiced(sound), expected)


OFFICIAL = """
import sys
import numpy, silero_vad, torch
model = silero_vad.load_silero_vad(onnx=False)
frames = torch.from_numpy(numpy.load(sys.argv[1])).split(512)
with torch.no_grad():
    numpy.save(sys.argv[2], numpy.array([model(frame, 16000).item() for frame in frames]))
"""


def test_silero_agrees_with_the_official_package(call: Call, tmp_path: Path) -> None:
    sound = call.sound[: 512 * 600, 0]
    np.save(tmp_path / "sound.npy", sound.astype(np.float32) / 8192)
    run(OFFICIAL, str(tmp_path / "sound.npy"), str(tmp_path / "official.npy"))
    official = np.load(tmp_path / "official.npy")
    assert np.ptp(official) > 0.9
    assert np.abs(SileroVoiceDetector().probabilities(sound) - official).max() < 1e-4


def test_no_detector_brings_torch_and_onnxruntime_comes_with_the_first_that_needs_it() -> None:
    run("""
import sys
from worker.pipeline_builder import VOICE_DETECTORS
VOICE_DETECTORS["webrtc"]()
assert "onnxruntime" not in sys.modules
VOICE_DETECTORS["silero"]()
assert "onnxruntime" in sys.modules
assert "torch" not in sys.modules
""")


def run(program: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, timeout=PATIENCE_S)


def test_the_figures_of_the_conversation_in_the_call_are_near_those_of_its_script(call: Call) -> None:
    with (SAMPLES / "call.opus").open("rb") as file, FfmpegDecoder(3600, 30).open(file) as stream:
        preparation = Preparation(stream, JobOptions(channels="split"), VOICE_DETECTORS, 1_000)
        deque(preparation.clips(), maxlen=0)
    conversation = describe_conversation(preparation.speech_times(), [], len(call.sound))
    phrases = json.loads((SAMPLES / "call.json").read_text(encoding="utf-8"))["turns"]
    turns = [list(several) for _, several in groupby(phrases, key=lambda turn: turn["channel"])]
    for figures in conversation.channels:
        gaps = [
            turn[0]["start_ms"] - before[-1]["end_ms"]
            for before, turn in pairwise(turns)
            if turn[0]["channel"] == figures.channel
        ]
        spoken = int(call.spoken[:, figures.channel].sum())
        assert 0.95 * spoken < figures.talk < 1.05 * spoken + call.music[:, figures.channel].sum()
        assert figures.turns == sum(turn[0]["channel"] == figures.channel for turn in turns)
        assert figures.answers is not None
        assert figures.answers.count == len(gaps)
        assert to_ms(figures.answers.median) == pytest.approx(median(gaps), abs=200)
        assert figures.interruptions == 0
    assert conversation.overlap is not None
    assert to_ms(conversation.overlap) < 500
