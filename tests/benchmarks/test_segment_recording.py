"""The segmentation benchmark's recording: its sound agrees with its truth."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.benchmarks.segment.clips import Clip, extract_clip, load_clips
from lab.benchmarks.segment.files import Recording, write_recording, write_repeated
from lab.benchmarks.segment.recording import Condition, Stretch, Truth, stretches
from lab.benchmarks.segment.segmentation import decode, decode_in_process
from shared.domain.recording import SAMPLE_RATE
from shared.settings import Settings
from tests.support.media.speech import speech_like
from worker.pipeline.ports import Samples
from worker.pipeline_builder import build_decoder

SECONDS = 180
EDGE = SAMPLE_RATE // 20


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return load_clips(None)


@pytest.fixture(scope="module")
def by_condition(clips: list[Clip]) -> dict[Condition, tuple[Stretch, Samples]]:
    return {stretch.condition: (stretch, sound) for stretch, sound in stretches(clips, SECONDS)}


@pytest.fixture(scope="module")
def written(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return write_recording(tmp_path_factory.mktemp("recording") / "whole", clips, 60 / 3600)


def speech_mask(stretch: Stretch, edge: int = 0) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the mask of a stretch's samples that lie in a span, or at most `edge` from one."""
    mask = np.zeros(stretch.end - stretch.start, np.bool_)
    for utterance in stretch.utterances:
        for start, end in utterance.spans:
            mask[start - stretch.start - edge : end - stretch.start + edge] = True
    return mask


def level(samples: Samples) -> float:
    """Return the RMS level in dBFS."""
    return float(10 * np.log10(np.mean((samples / 32768) ** 2)))


def test_a_clip_is_from_its_first_speech_to_its_last_with_its_pauses_of_200_ms() -> None:
    sound = speech_like(6, pauses=[(0, 0.5), (2, 2.4), (3, 3.1), (5, 6)]).samples
    clip = extract_clip("clip", sound)
    assert clip
    assert clip.spans[0][0] == EDGE
    assert np.array(clip.spans) / SAMPLE_RATE == pytest.approx(np.array([(0.05, 1.55), (1.95, 4.55)]), abs=0.021)
    assert len(clip.sound) == clip.spans[-1][1] + EDGE
    speech = np.concatenate([clip.sound[start:end] for start, end in clip.spans])
    assert np.mean(speech**2) == pytest.approx(1)


def test_silence_is_no_clip() -> None:
    assert extract_clip("silence", np.zeros(SAMPLE_RATE, np.int16)) is None
    assert extract_clip("nothing", np.zeros(0, np.int16)) is None
    assert extract_clip("less than a step", np.ones(100, np.int16)) is None


def test_clips_come_from_the_sound_files_of_a_folder(tmp_path: Path) -> None:
    sound = speech_like(2, rate=44_100, pauses=[(0, 0.3), (1.8, 2)]).samples
    soundfile.write(tmp_path / "b.wav", np.stack([sound, sound], axis=1), 44_100)
    soundfile.write(tmp_path / "a.flac", sound, 44_100)
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE, np.int16), SAMPLE_RATE)
    (tmp_path / "labels.csv").write_text("a,b\n")
    clips = load_clips(tmp_path)
    assert [clip.name for clip in clips] == ["a.flac", "b.wav"]
    assert [clip.spans[-1][1] - clip.spans[0][0] for clip in clips] == pytest.approx([1.5 * SAMPLE_RATE] * 2, abs=320)


def test_a_folder_without_speech_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no audio files with speech"):
        load_clips(tmp_path)


def test_the_same_clips_give_the_same_recording_every_time(clips: list[Clip]) -> None:
    for (first, first_sound), (second, second_sound) in zip(stretches(clips, 60), stretches(clips, 60), strict=True):
        assert first == second
        assert np.array_equal(first_sound, second_sound)


@pytest.mark.parametrize("seconds", [60, 100.01, 1000])
def test_stretches_follow_each_other_under_every_condition_for_the_given_length(
    clips: list[Clip], seconds: float
) -> None:
    parts = list(stretches(clips, seconds))
    truth = Truth(tuple(stretch for stretch, _ in parts))
    assert {stretch.condition for stretch in truth.stretches} == set(Condition)
    assert truth.stretches[0].start == 0
    assert all(before.end == after.start for before, after in pairwise(truth.stretches))
    assert all(len(sound) == stretch.end - stretch.start for stretch, sound in parts)
    assert truth.duration == round(seconds * SAMPLE_RATE)
    edges = [edge for utterance in truth.utterances for span in utterance.spans for edge in span]
    assert edges == sorted(edges)


def test_a_clean_stretch_is_silent_outside_its_spans_and_nowhere_in_them(
    by_condition: dict[Condition, tuple[Stretch, Samples]],
) -> None:
    stretch, sound = by_condition[Condition.CLEAN]
    assert level(sound[~speech_mask(stretch, EDGE)]) < -60
    for before, after in pairwise(stretch.utterances):
        assert level(sound[before.end + EDGE - stretch.start : after.start - EDGE - stretch.start]) < -69
    for utterance in stretch.utterances:
        for start, end in utterance.spans:
            assert level(sound[start - stretch.start : end - stretch.start]) > -40


@pytest.mark.parametrize(
    ("condition", "speech_db", "background_db"),
    [
        (Condition.CLEAN, -23, -70),
        (Condition.NOISE, -23, -38),
        (Condition.MUSIC, -23, -38),
        (Condition.QUIET, -45, -70),
    ],
)
def test_a_condition_sets_the_levels(
    by_condition: dict[Condition, tuple[Stretch, Samples]], condition: Condition, speech_db: float, background_db: float
) -> None:
    stretch, sound = by_condition[condition]
    assert level(sound[speech_mask(stretch)]) == pytest.approx(speech_db, abs=0.5)
    assert level(sound[~speech_mask(stretch, EDGE)]) == pytest.approx(background_db, abs=3.5)


@pytest.mark.parametrize(
    ("condition", "shortest", "longest"),
    [(Condition.CLEAN, 0.25, 3), (Condition.NO_PAUSE, 0.03, 0.12), (Condition.FAST_TURNS, 0.2, 0.35)],
)
def test_a_condition_sets_the_pauses_between_utterances(
    by_condition: dict[Condition, tuple[Stretch, Samples]], condition: Condition, shortest: float, longest: float
) -> None:
    utterances = by_condition[condition][0].utterances
    pauses = [(after.start - before.end) / SAMPLE_RATE for before, after in pairwise(utterances)]
    assert len(pauses) > 4
    assert shortest - 0.001 <= min(pauses) <= max(pauses) <= longest + 0.001


def test_the_mp3_is_the_wav_sample_for_sample_in_time(written: Recording) -> None:
    plain, _ = soundfile.read(written.wav, dtype="int16")
    assert len(plain) == written.truth.duration
    assert decode(written.mp3) == pytest.approx(len(plain), abs=SAMPLE_RATE // 10)
    with written.mp3.open("rb") as file, build_decoder(Settings()).open(file) as stream:
        mp3 = np.concatenate([block[:, 0] for block in stream.blocks()])
    size = 2 * len(plain)
    correlation = np.fft.irfft(np.fft.rfft(mp3[: len(plain)], size) * np.conj(np.fft.rfft(plain, size)))
    assert np.argmax(correlation) == 0


def test_a_repeated_recording_is_one_valid_recording(written: Recording, tmp_path: Path) -> None:
    out = tmp_path / "long.mp3"
    write_repeated(written.mp3, 5, out)
    assert list(tmp_path.iterdir()) == [out]
    once = decode_in_process(written.mp3)
    assert decode(out) == pytest.approx(5 * once, rel=0.01)
