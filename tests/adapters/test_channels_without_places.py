"""WAV files without a speaker mask: their channels are inputs, none of which is lost."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording, RecordingWarning
from tests.support.decoder import DECODER
from tests.support.media.call import Call, read_call
from tests.support.media.wav_headers import EXTENSIBLE, chunk, wav
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline_builder import VOICE_DETECTORS

PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")
SURROUND_MASK = 0x3F


@pytest.fixture(scope="module")
def call() -> Call:
    return read_call(30)


@pytest.fixture(scope="module")
def mono(call: Call, tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """The clips of both voices in one channel."""
    return prepared(without_mask(placed({0: call.voices.sum(axis=0)}, 1)), tmp_path_factory.mktemp("mono"))[0]


def without_mask(sound: Samples) -> bytes:
    return wav(sound.astype("<i2").tobytes(), channels=sound.shape[1])


def with_mask(sound: Samples, mask: int) -> bytes:
    channels = sound.shape[1]
    fields = struct.pack("<HHIIHH", EXTENSIBLE, channels, SAMPLE_RATE, SAMPLE_RATE * channels * 2, channels * 2, 16)
    fields += struct.pack("<HHI", 22, 16, mask) + PCM_GUID
    body = b"WAVE" + chunk(b"fmt ", fields) + chunk(b"data", sound.astype("<i2").tobytes())
    return b"RIFF" + struct.pack("<I", len(body)) + body


def placed(sounds: dict[int, Floats], channels: int) -> Samples:
    """These sounds in their channels, silence in the others."""
    placed = np.zeros((len(next(iter(sounds.values()))), channels), np.int16)
    for channel, sound in sounds.items():
        placed[:, channel] = sound.clip(-32_768, 32_767).round()
    return placed


def prepared(content: bytes, folder: Path) -> tuple[list[Clip], Recording]:
    (folder / "recording").write_bytes(content)
    with (folder / "recording").open("rb") as file, DECODER.open(file) as stream:
        preparation = Preparation(stream, JobOptions(), VOICE_DETECTORS, 1_000)
        clips = [clip for batch in preparation.clips() for clip in batch]
        return clips, preparation.describe(Recording("recording", 1, "00", "source"))


def spans(clips: list[Clip]) -> list[tuple[int, int]]:
    return [(clip.segment.start, clip.segment.end) for clip in clips]


@pytest.mark.parametrize(("channels", "channel"), [(3, 0), (3, 2), (6, 3), (7, 3), (8, 7), (9, 8), (64, 63)])
def test_a_voice_in_any_channel_is_found_at_its_level(
    call: Call, mono: list[Clip], tmp_path: Path, channels: int, channel: int
) -> None:
    both = call.voices.sum(axis=0)
    clips, recording = prepared(without_mask(placed({channel: both}, channels)), tmp_path)
    assert (recording.channels, recording.warnings) == (channels, ())
    assert spans(clips) == spans(mono)
    for clip, expected in zip(clips, mono, strict=True):
        assert np.abs(clip.samples.astype(np.int32) - expected.samples).max() <= 1


def test_two_people_at_two_of_three_microphones_are_both_found(call: Call, mono: list[Clip], tmp_path: Path) -> None:
    agent, customer = call.voices
    clips, _ = prepared(without_mask(placed({0: agent, 2: customer}, 3)), tmp_path)
    assert spans(clips) == spans(mono)


def test_copies_in_all_channels_keep_their_level(call: Call, mono: list[Clip], tmp_path: Path) -> None:
    both = call.voices.sum(axis=0)
    clips, _ = prepared(without_mask(placed(dict.fromkeys(range(6), both), 6)), tmp_path)
    assert spans(clips) == spans(mono)
    for clip, expected in zip(clips, mono, strict=True):
        assert np.abs(clip.samples.astype(np.int32) - expected.samples).max() <= 1


def test_an_inverted_input_costs_no_speech(call: Call, tmp_path: Path) -> None:
    both = call.voices.sum(axis=0)
    clips, recording = prepared(without_mask(placed({0: both, 1: -both}, 3)), tmp_path)
    mono, _ = prepared(without_mask(placed({0: both}, 1)), tmp_path)
    assert recording.warnings == (RecordingWarning.CHANNELS_CANCEL,)
    assert np.array(spans(clips)) == pytest.approx(np.array(spans(mono)), abs=320)


def test_a_film_is_mixed_by_the_places_of_its_channels_without_the_lfe(call: Call, tmp_path: Path) -> None:
    both = call.voices.sum(axis=0)
    centre, _ = prepared(with_mask(placed({2: both}, 6), SURROUND_MASK), tmp_path)
    effects, recording = prepared(with_mask(placed({3: both}, 6), SURROUND_MASK), tmp_path)
    assert centre
    assert not effects
    assert recording.warnings == (RecordingWarning.NO_SPEECH,)
