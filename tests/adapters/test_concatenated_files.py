"""Files that were put together, as by `cat`, are read to their end, and said to be put together; no others are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from shared.domain.recording import SAMPLE_RATE, RecordingWarning
from tests.support.decoder import DECODER
from tests.support.media.boxes import box
from tests.support.media.case import speech
from tests.support.media.encode import FORMATS, Samples, encoded
from tests.support.media.movies import movie, sound_only
from tests.support.media.wav_headers import chunk, wav

WITHOUT_BEGINNING = {"aac", "ac3", "eac3", "mp2", "mpegts", "mpeg_ps", "vob"}
"""Formats whose files cannot be told from the middle of one: they are read on as one."""
CONCATENATED = [RecordingWarning.CONCATENATED]
FIRST, SECOND = (speech(1.5, seed=seed) for seed in (0, 1))


def decoded(folder: Path, content: bytes) -> tuple[Samples, Sequence[RecordingWarning]]:
    (folder / "x").write_bytes(content)
    with (folder / "x").open("rb") as file, DECODER.open(file) as stream:
        return np.concatenate(list(stream.blocks())), stream.warnings


def whole_and_parts(folder: Path, *parts: bytes) -> tuple[Samples, Samples, Sequence[RecordingWarning]]:
    """The sound of files put together, the sound of each, and the warnings of the first."""
    sound, warnings = decoded(folder, b"".join(parts))
    return sound, np.concatenate([decoded(folder, part)[0] for part in parts]), warnings


@pytest.mark.parametrize("name", FORMATS)
def test_two_files_of_any_format_have_the_sound_of_both(tmp_path: Path, name: str) -> None:
    rate = next(rate for rate in (16_000, 48_000, 8_000) if rate in FORMATS[name].rates)
    content = encoded(speech(1.5, rate), rate, name)
    alone, of_one = decoded(tmp_path, content)
    sound, warnings = decoded(tmp_path, content * 2)
    assert of_one == []
    if name in WITHOUT_BEGINNING:
        assert abs(len(sound) - 2 * len(alone)) < SAMPLE_RATE // 5
        assert warnings == []
    else:
        assert np.array_equal(sound, np.concatenate([alone, alone]))
        assert warnings == CONCATENATED


@pytest.mark.parametrize(
    "parts",
    [
        (
            encoded(FIRST, 16_000, "wav"),
            encoded(speech(1.0, 44_100), 44_100, "wav_s24"),
            encoded(SECOND, 16_000, "rf64"),
        ),
        (encoded(FIRST, 16_000, "flac"), encoded(speech(1.0, 48_000), 48_000, "flac")),
        (encoded(FIRST, 16_000, "vorbis"), encoded(speech(1.0, 48_000), 48_000, "opus")),
        (encoded(FIRST, 16_000, "mp3"), encoded(speech(1.0, 44_100), 44_100, "mp3_vbr")),
        (encoded(FIRST, 16_000, "aiff"), encoded(speech(1.0, 8_000), 8_000, "aiff")),
        (encoded(FIRST, 16_000, "wavpack"), encoded(speech(1.0, 8_000), 8_000, "wavpack")),
        (encoded(FIRST, 16_000, "mkv"), encoded(speech(1.0, 48_000), 48_000, "webm")),
    ],
    ids=["wav", "flac", "ogg", "mp3", "aiff", "wavpack", "matroska"],
)
def test_the_files_may_differ_in_rate_and_codec(tmp_path: Path, parts: Sequence[bytes]) -> None:
    whole, of_each, warnings = whole_and_parts(tmp_path, *parts)
    assert np.array_equal(whole, of_each)
    assert warnings == CONCATENATED


def test_sound_ends_by_the_stated_length_where_another_file_follows(tmp_path: Path) -> None:
    content = encoded(np.tile(FIRST, (10, 1)), SAMPLE_RATE, "mp3")  # FFmpeg asks for its size before it reads so much
    alone = decoded(tmp_path, content)[0]
    for behind in (b"", b"TAG" + bytes(125)):
        whole, warnings = decoded(tmp_path, (content + behind) * 2)
        assert len(whole) == 2 * len(alone)
        assert np.array_equal(whole[: len(alone)], alone)
        assert warnings == CONCATENATED
    content = encoded(FIRST, SAMPLE_RATE, "wavpack")
    assert RecordingWarning.TRUNCATED in decoded(tmp_path, content[: len(content) // 3] + content)[1]


def test_the_files_that_follow_get_the_channels_of_the_first(tmp_path: Path) -> None:
    mono, stereo = encoded(FIRST, 16_000, "wav"), encoded(SECOND.repeat(2, axis=1), 16_000, "wav")
    assert np.array_equal(decoded(tmp_path, mono + stereo)[0], np.concatenate([FIRST, SECOND]))
    assert np.array_equal(decoded(tmp_path, stereo + mono)[0], np.concatenate([SECOND, FIRST]).repeat(2, axis=1))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_wav_files_from_a_pipe_end_where_the_next_one_begins(tmp_path: Path, size: int) -> None:
    parts = [wav(sound.tobytes(), data_size=size, riff_size=size) for sound in (FIRST, SECOND)]
    sound, warnings = decoded(tmp_path, b"".join(parts))
    assert np.array_equal(sound, np.concatenate([FIRST, SECOND]))
    assert warnings == CONCATENATED


@pytest.mark.parametrize(
    ("container", "codec", "muxer"),
    [
        ("webm", "libopus", {"live": "1"}),
        ("matroska", "flac", {"live": "1"}),
        ("mp4", "flac", {"movflags": "frag_keyframe+empty_moov"}),
        ("mp4", "aac", {"movflags": "empty_moov+delay_moov", "frag_duration": "500000"}),
    ],
)
def test_recordings_of_browsers_that_do_not_state_their_length(
    tmp_path: Path, container: str, codec: str, muxer: dict[str, str]
) -> None:
    rate = 48_000 if codec == "libopus" else SAMPLE_RATE
    parts = [
        sound_only(container, codec, speech(1.5, rate, seed)[:, 0], rate, muxer, strict="experimental")
        for seed in range(3)
    ]
    whole, of_each, warnings = whole_and_parts(tmp_path, *parts)
    assert np.array_equal(whole, of_each)
    assert warnings == CONCATENATED


def id3(content: bytes = bytes(128)) -> bytes:
    size = len(content)
    return b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + content


def mp3_without_lengths(sound: Samples, rate: int) -> bytes:
    options = {"write_xing": "0", "id3v2_version": "0"}
    return sound_only("mp3", "libmp3lame", sound[:, 0], rate, options)


@pytest.mark.parametrize(
    ("tag", "behind", "rate"),
    [
        (id3(), b"", 16_000),
        (id3(bytes(range(256)) * 300), b"TAG" + bytes(125), 44_100),
        (id3() + id3(b"\xff\xfb\x90\x64" * 9000), b"", 16_000),
    ],
    ids=["short", "picture and ID3v1", "two, with false frames"],
)
def test_mp3_files_without_their_lengths_begin_at_their_tags(
    tmp_path: Path, tag: bytes, behind: bytes, rate: int
) -> None:
    parts = [tag + mp3_without_lengths(speech(1.5, rate, seed), rate) + behind for seed in range(3)]
    whole, of_each, warnings = whole_and_parts(tmp_path, *parts)
    assert np.array_equal(whole, of_each)
    assert warnings == CONCATENATED


@pytest.mark.parametrize(("rate", "tags"), [(16_000, 2), (44_100, 1)])
def test_tags_within_a_stream_of_mp3_do_not_end_it(tmp_path: Path, rate: int, tags: int) -> None:
    content = mp3_without_lengths(speech(3, rate), rate)
    with av.open(io.BytesIO(content), "r") as container:
        places = [packet.pos or 0 for packet in container.demux() if packet.size]
    begin_before = [place for place in places[9:] if content[place + 4]]  # their sound begins in frames before
    cuts = [0, *begin_before[:20:10], len(content)]
    parts = [content[start:end] for start, end in pairwise(cuts)]
    assert len(parts) == 3
    sound, warnings = decoded(tmp_path, (tags * id3(b"PRIV" + bytes(59))).join(parts))
    assert np.array_equal(sound, decoded(tmp_path, content)[0])
    assert warnings == []


def test_movies_follow_each_other_with_the_time_of_their_pictures(tmp_path: Path) -> None:
    late = movie("mp4", ("mpeg4", "aac"), FIRST[:, 0], SAMPLE_RATE, pictures_s=3, starts_s=1)
    whole, of_each, warnings = whole_and_parts(tmp_path, late, late)
    assert np.array_equal(whole, of_each)
    assert warnings == CONCATENATED


@pytest.mark.parametrize(
    "content",
    [
        wav(FIRST.tobytes()) + bytes(range(256)) * 20,
        wav(FIRST.tobytes()) + chunk(b"LIST", b"INFOISFT" + bytes(4)) + b"\0" * 999,
        wav(FIRST.tobytes(), before_data=chunk(b"JUNK", wav(SECOND.tobytes()))),
        wav(FIRST.tobytes() + encoded(SECOND, SAMPLE_RATE, "wav")),
        wav(FIRST.tobytes()) + encoded(SECOND, SAMPLE_RATE, "flac"),
        encoded(FIRST, SAMPLE_RATE, "m4a") + box(b"free", encoded(SECOND, SAMPLE_RATE, "m4a")),
        encoded(FIRST, SAMPLE_RATE, "mp3") + b"TAG" + bytes(125),
        b"ID3\x04\0\0\0\0\x01\x00" + bytes(128) + encoded(FIRST, SAMPLE_RATE, "mp3"),
    ],
    ids=["garbage", "chunks", "wav in a chunk", "wav in the sound", "another format", "mp4 in a box", "id3v1", "id3v2"],
)
def test_what_is_in_a_file_or_behind_it_is_not_taken_for_another_recording(tmp_path: Path, content: bytes) -> None:
    sound, warnings = decoded(tmp_path, content)
    assert warnings == []
    assert len(sound) >= len(FIRST)


def test_a_missing_end_and_a_broken_file_among_others_are_told(tmp_path: Path) -> None:
    parts = [encoded(sound, SAMPLE_RATE, "wav") for sound in (FIRST, SECOND, FIRST)]
    sound, warnings = decoded(tmp_path, b"".join(parts)[:-9_000])
    assert np.array_equal(sound, np.concatenate([FIRST, SECOND, FIRST])[: len(sound)])
    assert warnings == [RecordingWarning.TRUNCATED, *CONCATENATED]
    broken = b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska" + b"\xff" * 500
    mkv = sound_only("matroska", "flac", FIRST[:, 0], SAMPLE_RATE)
    sound, warnings = decoded(tmp_path, mkv + broken + mkv)
    assert np.array_equal(sound, np.concatenate([FIRST, FIRST]))
    assert warnings == [RecordingWarning.CORRUPT_AUDIO, *CONCATENATED]
