"""Each sound track of a file becomes a channel, at its place in time, with a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from shared.domain.options import MOST_TRACKS, JobOptions, TrackOption
from shared.domain.recording import SAMPLE_RATE, ChannelMode, Recording, RecordingWarning
from tests.support.decoder import DECODER
from tests.support.media.encode import Samples, encoded
from tests.support.media.movies import PersonTrack, person_tracks
from tests.support.media.speech import speech_like
from worker.pipeline.ports import AudioStream
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline_builder import VOICE_DETECTORS

VOICES = [speech_like(seconds, seed=seed, pauses=()).samples for seed, seconds in enumerate((3, 2, 1.5))]
SILENCE = np.zeros(SAMPLE_RATE, np.int16)


@contextmanager
def opened(folder: Path, content: bytes, track: TrackOption = "each") -> Iterator[AudioStream]:
    (folder / "x").write_bytes(content)
    with (folder / "x").open("rb") as file, DECODER.open(file, track) as stream:
        yield stream


def decoded(folder: Path, content: bytes, track: TrackOption = "each") -> tuple[Samples, Sequence[RecordingWarning]]:
    with opened(folder, content, track) as stream:
        return np.concatenate(list(stream.blocks())), stream.warnings


def prepared(folder: Path, content: bytes, options: JobOptions) -> tuple[list[Clip], Recording]:
    with opened(folder, content, options.track) as stream:
        preparation = Preparation(stream, options, VOICE_DETECTORS, 1000)
        clips = [clip for batch in preparation.clips() for clip in batch]
        return clips, preparation.describe(Recording("x", 0, "", ""))


def at_rate(sound: Samples, rate: int) -> Samples:
    times = np.arange(len(sound) * rate // SAMPLE_RATE) / rate
    return np.interp(times, np.arange(len(sound)) / SAMPLE_RATE, sound).astype(np.int16)


@pytest.mark.parametrize(("container", "codec"), [("matroska", "flac"), ("mp4", "alac"), ("mov", "pcm_s16le")])
def test_tracks_of_any_rate_length_and_start_are_aligned(tmp_path: Path, container: str, codec: str) -> None:
    rates, starts_s = (16_000, 48_000, 44_100), (0, 2, 11.5)
    tracks = [
        PersonTrack(at_rate(voice, rate), rate, start_s)
        for voice, rate, start_s in zip(VOICES, rates, starts_s, strict=True)
    ]
    sound, warnings = decoded(tmp_path, person_tracks(container, codec, tracks))
    assert warnings == []
    assert sound.shape == (13 * SAMPLE_RATE, 3)
    for column, voice, start_s in zip(sound.T, VOICES, starts_s, strict=True):
        start = int(start_s * SAMPLE_RATE)
        expected = np.zeros(len(column))
        expected[start : start + len(voice)] = voice
        difference = column - expected  # a shift by one sample would leave a fifth of the power
        assert (difference**2).mean() < 0.02 * (expected**2).mean()
        assert not column[: max(0, start - 200)].any()


def test_long_tracks_stay_together(tmp_path: Path) -> None:
    """A single track as long as these is decoded in ranges by several processes."""
    voices = [np.tile(voice, 170 * SAMPLE_RATE // len(voice)) for voice in VOICES[:2]]
    sound, warnings = decoded(tmp_path, person_tracks("matroska", "flac", [PersonTrack(voice) for voice in voices]))
    for column, voice in zip(sound.T, voices, strict=True):
        assert np.array_equal(column[: len(voice)], voice)
    assert warnings == []


def test_channels_of_a_track_that_cancel_lose_no_voice(tmp_path: Path) -> None:
    inverted = np.stack([VOICES[0], -VOICES[0]], axis=1)
    content = person_tracks("matroska", "flac", [PersonTrack(VOICES[1]), PersonTrack(inverted)])
    clips, recording = prepared(tmp_path, content, JobOptions(track="each"))
    assert {clip.segment.channel for clip in clips} == {0, 1}
    assert recording.warnings == (RecordingWarning.CHANNELS_CANCEL,)
    assert recording.channels == 2


def test_channels_are_named_by_roles_then_titles_then_languages_then_numbers(tmp_path: Path) -> None:
    texts = [("Desktop", ""), ("Microphone", "eng"), ("", "fra"), ("", ""), ("Twin\n", ""), ("Twin", "")]
    tracks = [PersonTrack(VOICES[2], title=title, language=language) for title, language in texts]
    content = person_tracks("matroska", "flac", tracks)
    _, recording = prepared(tmp_path, content, JobOptions(track="each", roles=("screen",), analyse=("screen", 4)))
    assert recording.roles == ("screen", "Microphone", "fra", "track 3", "Twin (4)", "Twin (5)")
    assert [(track.number, track.title, track.language, track.codec) for track in recording.tracks] == [
        (0, "Desktop", None, "flac"),
        (1, "Microphone", "eng", "flac"),
        (2, None, "fra", "flac"),
        (3, None, None, "flac"),
        (4, "Twin", None, "flac"),
        (5, "Twin", None, "flac"),
    ]
    assert [track.channel for track in recording.tracks] == list(range(6))


def test_of_the_roles_those_of_missing_tracks_are_left_out(tmp_path: Path) -> None:
    content = person_tracks("matroska", "flac", [PersonTrack(VOICES[0]), PersonTrack(VOICES[1])])
    options = JobOptions(track="each", roles=("anna", "bert", "cem"), analyse=("bert",))
    assert prepared(tmp_path, content, JobOptions(track="each", roles=options.roles))[1].roles == ("anna", "bert")
    mixed = prepared(tmp_path, content, JobOptions(track="each", channels="mix"))
    assert mixed[1].channel_mode is ChannelMode.MIX
    assert {clip.segment.channel for clip in mixed[0]} == {0}


@pytest.mark.parametrize("name", ["wav", "opus", "mp4"])
def test_a_file_of_one_track_is_analysed_as_without_each(tmp_path: Path, name: str) -> None:
    rate = 48_000 if name == "opus" else 16_000
    content = encoded(at_rate(VOICES[0], rate)[:, None].repeat(2, axis=1), rate, name)
    one, each = (prepared(tmp_path, content, JobOptions(track=track)) for track in (None, "each"))
    assert each[1] == one[1]
    assert [clip.segment for clip in each[0]] == [clip.segment for clip in one[0]]


def test_tracks_beyond_the_most_are_named_but_left_out(tmp_path: Path) -> None:
    tracks = [PersonTrack(VOICES[2][: SAMPLE_RATE // 4])] * (MOST_TRACKS + 2)
    with opened(tmp_path, person_tracks("matroska", "flac", tracks)) as stream:
        assert {block.shape[1] for block in stream.blocks()} == {MOST_TRACKS}
        assert stream.warnings == [RecordingWarning.OTHER_TRACKS]
        assert [track.analysed for track in stream.format.tracks] == [True] * MOST_TRACKS + [False] * 2


def test_a_track_that_cannot_be_decoded_is_silent(tmp_path: Path) -> None:
    content = person_tracks("matroska", "flac", [PersonTrack(VOICES[0]), PersonTrack(VOICES[1])])
    broken = content.replace(b"A_FLAC", b"A_NONE", 1)
    sound, warnings = decoded(tmp_path, broken)
    assert warnings == [RecordingWarning.CORRUPT_AUDIO]
    assert not sound[:, 0].any()
    assert np.array_equal(sound[: len(VOICES[1]), 1], VOICES[1])


def test_the_tracks_that_were_not_chosen_are_described(tmp_path: Path) -> None:
    tracks = [PersonTrack(SILENCE, title="Desktop"), PersonTrack(VOICES[0], title="Mic"), PersonTrack(VOICES[1])]
    with opened(tmp_path, person_tracks("mp4", "alac", tracks), None) as stream:
        assert sum(map(len, stream.blocks())) == len(VOICES[0])
        described = stream.format.tracks
    assert [(track.title, track.silent, track.analysed) for track in described] == [
        ("Desktop", True, False),
        ("Mic", False, True),
        (None, False, False),
    ]
    assert [track.duration for track in described] == [len(SILENCE), len(VOICES[0]), len(VOICES[1])]
    assert {track.channel for track in described} == {None}


def test_files_of_several_tracks_that_were_put_together_go_on_in_each(tmp_path: Path) -> None:
    content = person_tracks("matroska", "flac", [PersonTrack(VOICES[0]), PersonTrack(VOICES[1])])
    alone, _ = decoded(tmp_path, content)
    sound, warnings = decoded(tmp_path, content * 2)
    assert np.array_equal(sound, np.concatenate([alone, alone]))
    assert warnings == [RecordingWarning.CONCATENATED]
