"""Sound stands where it was spoken, of the track that a player plays, and whole files are not said to be cut."""

from __future__ import annotations

import struct
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest

from shared.domain.recording import SAMPLE_RATE, RecordingWarning
from tests.support.decoder import DECODER
from tests.support.media.boxes import with_edits
from tests.support.media.encode import Samples
from tests.support.media.movies import movie, several_tracks, sound_only, with_speed, without_packets
from tests.support.media.speech import speech_like
from tests.support.media.wav_headers import wav
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.pipeline.errors import TooLong, TrackMissing

MS = SAMPLE_RATE // 1000
SOUND = speech_like(12, seed=7).samples
LONG = speech_like(45, seed=8).samples
PAUSED = np.concatenate([SOUND[: 3 * SAMPLE_RATE], np.zeros(4 * SAMPLE_RATE, np.int16), SOUND[3 * SAMPLE_RATE :]])
"""With a pause in which phones send nothing."""


def decoded(folder: Path, content: bytes, decoder: FfmpegDecoder = DECODER) -> tuple[Samples, list[RecordingWarning]]:
    (folder / "x").write_bytes(content)
    with (folder / "x").open("rb") as file, decoder.open(file) as stream:
        return np.concatenate(list(stream.blocks()))[:, 0], list(stream.warnings)


def lag_ms(samples: Samples, truth: Samples, start_s: float, expected_s: float | None = None) -> float:
    """How much later than at `expected_s`, or where they are in the truth, two seconds of sound come."""
    begin, reach = int(start_s * SAMPLE_RATE), SAMPLE_RATE // 5
    wanted = truth[begin : begin + 2 * SAMPLE_RATE].astype(float)
    begin = begin if expected_s is None else int(expected_s * SAMPLE_RATE)
    found = samples[begin - reach : begin + 2 * SAMPLE_RATE + reach].astype(float)
    size = len(found) + len(wanted)
    spectrum = np.fft.rfft(found, size) * np.fft.rfft(wanted, size).conj()
    return float(np.abs(np.fft.irfft(spectrum, size)[: 2 * reach]).argmax() - reach) / MS


@pytest.mark.parametrize("container", ["amr", "3gp"])
@pytest.mark.parametrize("dtx", ["0", "1"])
def test_pauses_of_a_phone_last_as_long_as_they_did(tmp_path: Path, container: str, dtx: str) -> None:
    content = sound_only(container, "libopencore_amrnb", PAUSED[::2], 8000, dtx=dtx)
    samples, warnings = decoded(tmp_path, content)
    assert abs(len(samples) - len(PAUSED)) <= 20 * MS
    assert abs(lag_ms(samples, PAUSED, 8)) < 10
    assert warnings == []


@pytest.mark.parametrize("lost", [{100, 101, 102}, set(range(5, 500, 40))], ids=len)
@pytest.mark.parametrize(
    ("source", "container"),
    [("libopus", "webm"), ("libopus", "matroska"), ("aac", "matroska"), ("libmp3lame", "mov"), ("libmp3lame", "avi")],
)
def test_every_lost_packet_leaves_its_place(tmp_path: Path, source: str, container: str, lost: Collection[int]) -> None:
    rate = 48_000 if source == "libopus" else 44_100
    sound = np.interp(np.arange(12 * rate) / rate, np.arange(len(SOUND)) / SAMPLE_RATE, SOUND).astype(np.int16)
    whole = sound_only("matroska", source, sound, rate)
    expected, _ = decoded(tmp_path, without_packets(whole, container, ()))
    after_short_frame = {1} if source == "libopus" else set()
    samples, warnings = decoded(tmp_path, without_packets(whole, container, {*lost, *after_short_frame}))
    assert abs(len(samples) - len(expected)) <= 5 * MS
    assert abs(lag_ms(samples, expected, 9)) <= 5
    assert warnings == []


@pytest.mark.parametrize("starts_s", [2, 40])
@pytest.mark.parametrize(
    ("container", "video"), [("mp4", "mpeg4"), ("mov", "mpeg4"), ("matroska", "mpeg4"), ("mpegts", "libx264")]
)
def test_sound_that_begins_later_than_the_pictures_stays_there(
    tmp_path: Path, container: str, video: str, starts_s: int
) -> None:
    content = movie(container, (video, "aac"), SOUND, SAMPLE_RATE, pictures_s=starts_s + 14, starts_s=starts_s)
    samples, warnings = decoded(tmp_path, content)
    assert abs(len(samples) - (starts_s + 12) * SAMPLE_RATE) <= 150 * MS
    expected = np.concatenate([np.zeros(starts_s * SAMPLE_RATE, np.int16), SOUND])
    assert abs(lag_ms(samples, expected, starts_s + 5)) <= 70  # a codec without an edit list is a frame late
    assert warnings == []


def test_sound_that_begins_days_after_the_pictures_is_too_long(tmp_path: Path) -> None:
    content = movie(
        "flv", ("libx264", "libmp3lame"), np.repeat(SOUND, 3)[: 44_100 * 12], 44_100, pictures_s=1, starts_s=24 * 3600
    )
    length = content.index(b"duration") + len(b"duration") + 1
    with pytest.raises(TooLong):
        decoded(tmp_path, content[:length] + struct.pack(">d", 12.0) + content[length + 8 :])


@pytest.mark.parametrize(
    ("container", "codecs", "starts_s"),
    [
        ("mp4", ("mpeg4", "alac"), 4),
        ("avi", ("mpeg4", "pcm_s16le"), 2),
        ("avi", ("mpeg4", "pcm_s16le"), 40),
        ("avi", ("mpeg4", "libmp3lame"), 2),
        ("avi", ("mpeg4", "ac3"), 40),
        ("flv", ("libx264", "libmp3lame"), 2),
        ("asf", ("msmpeg4v2", "wmav2"), 4),
        ("webm", ("libvpx", "libopus"), 4),
        ("mpeg", ("mpeg2video", "mp2"), 4),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_late_sound_stays_there_in_every_container(
    tmp_path: Path, container: str, codecs: tuple[str, str], starts_s: int
) -> None:
    rate = 48_000 if codecs[1] in ("libopus", "mp2", "ac3") else 44_100 if container == "flv" else SAMPLE_RATE
    sound = np.interp(np.arange(12 * rate) / rate, np.arange(len(SOUND)) / SAMPLE_RATE, SOUND).astype(np.int16)
    content = movie(container, codecs, sound, rate, pictures_s=starts_s + 14, starts_s=starts_s)
    if codecs[1].startswith("pcm"):  # FFmpeg reads the start of a stream (dwStart), but never writes one
        strh = content.index(b"auds") + 20
        scale, units_per_scale = struct.unpack_from("<II", content, strh)
        start = struct.pack("<I", starts_s * units_per_scale // scale)
        content = content[: strh + 8] + start + content[strh + 12 :]
    samples, warnings = decoded(tmp_path, content)
    expected = np.concatenate([np.zeros(starts_s * SAMPLE_RATE, np.int16), SOUND])
    # AVI counts frames, and its codecs are late by a part of one.
    assert abs(lag_ms(samples, expected, starts_s + 5)) <= (26 if container == "avi" else 1)
    assert warnings == []


@pytest.mark.parametrize("starts_s", [2, 40])
@pytest.mark.parametrize(
    ("container", "flags"),
    [("ipod", ""), ("ipod", "frag_keyframe+delay_moov"), ("mp4", "cmaf+frag_keyframe+frag_discont")],
)
def test_sound_without_pictures_begins_where_its_edit_list_or_first_fragment_says(
    tmp_path: Path, container: str, flags: str, starts_s: int
) -> None:
    muxer = {"movflags": flags} if flags else {}
    content = sound_only(container, "alac", SOUND, SAMPLE_RATE, muxer, starts_s)
    samples, warnings = decoded(tmp_path, content)
    assert np.array_equal(samples, np.concatenate([np.zeros(starts_s * SAMPLE_RATE, np.int16), SOUND]))
    assert warnings == []


def played(edits: Collection[tuple[int, int]], track: Samples, rate: int) -> Samples:
    parts = []
    for ms, first in edits:
        begin, samples = first * SAMPLE_RATE // rate, ms * MS
        sound = np.zeros(0, np.int16) if first < 0 else track[begin : begin + samples]
        parts.append(np.pad(sound, (0, samples - len(sound))))
    return np.concatenate(parts)


EDITS = {
    "paused": [(2000, 0), (3000, -1), (4000, 2 * 48_000)],
    "of many parts": [(500, -1), (1234, 777), (20_000, -1), (1500, 96_123), (10, -1), (2000, 201_000), (700, -1)],
    "joined": [(2000, 0), (3000, 3 * 48_000)],
    "silent at its end": [(6000, 0), (3000, -1)],
    "short of sound": [(1000, -1), (500, -1), (1000, 48_000), (90, -1), (9000, 99_000), (10, -1), (300, 13 * 48_000)],
}


@pytest.mark.parametrize(
    ("container", "codec"), [("ipod", "alac"), ("mov", "pcm_s16le"), ("mp4", "libopus"), ("mp4", "aac")]
)
def test_parts_stand_where_the_edit_list_puts_them(tmp_path: Path, container: str, codec: str) -> None:
    sound = np.interp(np.arange(12 * 48_000) / 48_000, np.arange(len(SOUND)) / SAMPLE_RATE, SOUND).astype(np.int16)
    content = sound_only(container, codec, sound, 48_000, starts_s=2)
    track, _ = decoded(tmp_path, with_edits(content, [(20_000, 0)]))
    for kind, edits in EDITS.items():
        samples, warnings = decoded(tmp_path, with_edits(content, edits))
        expected = played(edits, track, 48_000)
        assert len(samples) == len(expected), kind
        assert np.abs(samples.astype(np.int32) - expected).max() <= 2, kind
        assert warnings == [], kind


@pytest.mark.parametrize(
    "data_size", [0, 0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFF000, 0x7FFFFFFF, 0x80000000], ids=lambda size: f"{size:x}"
)
def test_a_wav_file_from_a_pipe_is_whole(tmp_path: Path, data_size: int) -> None:
    content = wav(SOUND.tobytes(), data_size=data_size, riff_size=min(data_size + 36, 0xFFFFFFFF))
    samples, warnings = decoded(tmp_path, content)
    assert np.array_equal(samples, SOUND)
    assert warnings == []


@pytest.mark.parametrize(
    ("container", "codecs"),
    [
        ("matroska", ("mpeg4", "aac")),
        ("webm", ("libvpx", "libopus")),
        ("flv", ("libx264", "libmp3lame")),
        ("asf", ("msmpeg4v2", "wmav2")),
        ("mp4", ("mpeg4", "aac")),
        ("avi", ("mpeg4", "libmp3lame")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_sound_that_ends_before_the_pictures_is_whole(tmp_path: Path, container: str, codecs: tuple[str, str]) -> None:
    rate = 48_000 if codecs[1] == "libopus" else 44_100
    sound = np.interp(np.arange(12 * rate) / rate, np.arange(len(SOUND)) / SAMPLE_RATE, SOUND).astype(np.int16)
    sound_first = container == "mp4"
    samples, warnings = decoded(tmp_path, movie(container, codecs, sound, rate, pictures_s=17, sound_first=sound_first))
    assert abs(len(samples) - len(SOUND)) <= 150 * MS
    assert warnings == []


@pytest.mark.parametrize(
    ("container", "codec", "muxer", "options"),
    [
        ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}, {"q": "4"}),
        ("adts", "aac", {}, {}),
        ("amr", "libopencore_amrnb", {}, {}),
    ],
    ids=["mp3", "adts", "amr"],
)
def test_a_file_without_a_length_that_begins_with_silence_is_whole(
    tmp_path: Path, container: str, codec: str, muxer: dict[str, str], options: dict[str, str]
) -> None:
    rate = 8000 if container == "amr" else SAMPLE_RATE
    sound = np.concatenate([np.zeros(10 * rate, np.int16), SOUND[:: SAMPLE_RATE // rate]])
    samples, warnings = decoded(tmp_path, sound_only(container, codec, sound, rate, muxer, 0, **options))
    assert abs(len(samples) - 22 * SAMPLE_RATE) <= 150 * MS
    assert warnings == []


@pytest.mark.parametrize("speed", [0.995, 1.005])
def test_sound_keeps_to_timestamps_of_a_clock_that_runs_slower_or_faster(tmp_path: Path, speed: float) -> None:
    sound = np.interp(np.arange(45 * 48_000) / 48_000, np.arange(len(LONG)) / SAMPLE_RATE, LONG).astype(np.int16)
    content = with_speed(sound_only("webm", "libopus", sound, 48_000), "webm", speed)
    samples, warnings = decoded(tmp_path, content)
    assert abs(len(samples) - len(LONG) * speed) <= 110 * MS
    for start_s in (10, 42):
        assert abs(lag_ms(samples, LONG, start_s, start_s * speed)) <= 110
    assert warnings == []


@pytest.mark.parametrize("container", ["matroska", "mp4", "mov"])
@pytest.mark.parametrize(("sounding", "default"), [(1, 1), (1, None), (0, None), (2, 0)])
def test_of_several_tracks_the_default_one_or_the_first_with_sound_is_read(
    tmp_path: Path, container: str, sounding: int, default: int | None
) -> None:
    sounds = [SOUND if number == sounding else np.zeros_like(SOUND) for number in range(3)]
    content = several_tracks(container, "aac", sounds, SAMPLE_RATE, default=default)
    samples, warnings = decoded(tmp_path, content)
    assert abs(lag_ms(samples, SOUND, 5)) <= 70
    assert warnings == [RecordingWarning.OTHER_TRACKS]


def test_a_track_is_chosen_by_its_number(tmp_path: Path) -> None:
    sounds = [speech_like(4, seed=seed).samples for seed in range(3)]
    path = tmp_path / "x"
    path.write_bytes(several_tracks("matroska", "flac", sounds, SAMPLE_RATE, default=1))
    for number, sound in enumerate(sounds):
        with path.open("rb") as file, DECODER.open(file, number) as stream:
            assert np.array_equal(np.concatenate(list(stream.blocks()))[:, 0], sound)
            assert stream.warnings == []
    with path.open("rb") as file, pytest.raises(TrackMissing), DECODER.open(file, 3):
        pass


def test_a_wav_file_that_was_cut_is_said_to_be(tmp_path: Path) -> None:
    content = wav(SOUND.tobytes())
    assert struct.unpack("<I", content[40:44]) == (SOUND.nbytes,)
    assert decoded(tmp_path, content[:-1000])[1] == [RecordingWarning.TRUNCATED]
