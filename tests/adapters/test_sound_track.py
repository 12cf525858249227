"""Ranges of a sound track against the same track decoded in one go, over real files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.media.encode import FORMATS, encoded
from tests.support.media.speech import speech_like
from worker.adapters.decoding.declared_length import DeclaredLength
from worker.adapters.decoding.decoded_timeline import TrackFrames
from worker.adapters.decoding.opening import get_track, open_container
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.sound_track import RangeSizes, SoundTrack
from worker.pipeline.ports import Samples

SECONDS = 18
RANGES = RangeSizes(steady_s=3, range_s=4)
IN_ONE_GO = RangeSizes(steady_s=1_000_000)
IN_RANGES = ("flac", "ogg_flac", "caf_alac", "mp3", "mp3_vbr")
"""Formats that are decoded in ranges; with MP3 at low bit rates, whose frames use the most bytes of those before."""
AS_BEFORE = ("m4a", "aac", "wav", "wav_f32", "aiff", "wav_adpcm", "opus", "vorbis", "wma", "mkv", "webm", "mp2")
RATES = (8_000, 16_000, 22_050, 44_100, 48_000)


@dataclass(frozen=True)
class Decoded:
    """The outcome of decoding a track."""

    sound: Samples
    corrupt: int
    cut_short: bool
    in_ranges: int

    def same_as(self, other: Decoded) -> bool:
        equal = np.array_equal(self.sound, other.sound)
        return equal and (self.corrupt, self.cut_short) == (other.corrupt, other.cut_short)


def decoded(content: bytes, sizes: RangeSizes, cores: int = 1) -> Decoded:
    file = io.BytesIO(content)
    with open_container(file) as container, RangeProcesses(cores) as processes:
        stream = get_track(file, container)
        frames = TrackFrames(container, stream, DeclaredLength.of(file, container, stream, 3600))
        track = SoundTrack(frames, 2 if stream.channels == 2 else 1, processes, sizes)
        sound = np.concatenate(list(track.sound()))
        return Decoded(sound, frames.corrupt, frames.cut_short, track.in_ranges)


@cache
def voices(rate: int, channels: int) -> Samples:
    """Speech [n, channels] over faint noise, other speech in each channel."""
    noise = np.random.default_rng(0).normal(0, 30, (SECONDS * rate, channels))
    speech = np.stack([speech_like(SECONDS, rate, seed=channel).samples for channel in range(channels)], axis=1)
    return np.clip(speech + noise, -(2**15), 2**15 - 1).astype(np.int16)


def recording(name: str, rate: int, channels: int) -> bytes:
    target = FORMATS[name]
    rate = min(target.rates, key=lambda possible: abs(possible - rate))
    return encoded(voices(rate, min(channels, target.max_channels)), rate, name)


@given(
    name=st.sampled_from(IN_RANGES),
    rate=st.sampled_from(RATES),
    channels=st.sampled_from([1, 2, 6]),
    range_s=st.integers(4, 5),
    steady_s=st.integers(2, 5),
    cores=st.integers(1, 3),
)
@example(name="mp3", rate=44_100, channels=2, range_s=4, steady_s=3, cores=2)
@example(name="mp3_vbr", rate=22_050, channels=2, range_s=5, steady_s=2, cores=2)
@example(name="flac", rate=44_100, channels=6, range_s=4, steady_s=3, cores=2)
@example(name="flac", rate=48_000, channels=2, range_s=4, steady_s=3, cores=2)
@example(name="caf_alac", rate=44_100, channels=2, range_s=4, steady_s=3, cores=2)
@settings(max_examples=5, deadline=None, derandomize=True)
def test_ranges_equal_the_track_in_one_go_sample_for_sample(
    name: str, rate: int, channels: int, range_s: int, steady_s: int, cores: int
) -> None:
    content = recording(name, rate, channels)
    ranges = decoded(content, RangeSizes(steady_s, range_s), cores)
    assert ranges.same_as(decoded(content, IN_ONE_GO))
    assert ranges.in_ranges > 4 * 16_000


@pytest.mark.parametrize("name", AS_BEFORE)
def test_other_formats_are_decoded_as_before(name: str) -> None:
    content = recording(name, 44_100, 2)
    ranges = decoded(content, RANGES, cores=2)
    assert ranges.in_ranges == 0
    assert ranges.same_as(decoded(content, IN_ONE_GO))


@given(
    name=st.sampled_from(["mp3", "mp3_vbr", "flac", "wav"]),
    places=st.lists(st.floats(0.1, 0.9), min_size=1, max_size=4),
    length=st.sampled_from([1, 40, 3_000]),
    drop=st.booleans(),
)
@example(name="mp3", places=[0.5], length=40, drop=False)
@example(name="mp3", places=[0.31, 0.32, 0.7], length=3_000, drop=True)
@example(name="flac", places=[0.5, 0.8], length=40, drop=False)
@settings(max_examples=5, deadline=None, derandomize=True)
def test_a_damaged_file_decodes_as_in_one_go(name: str, places: list[float], length: int, drop: bool) -> None:
    content = bytearray(recording(name, 44_100, 2))
    rng = np.random.default_rng(length)
    for place in sorted(places, reverse=True):
        at = int(place * len(content))
        content[at : at + length] = b"" if drop else rng.bytes(min(length, len(content) - at))
    assert decoded(bytes(content), RANGES, cores=2).same_as(decoded(bytes(content), IN_ONE_GO))


def test_after_damage_there_are_ranges_again() -> None:
    content = bytearray(recording("mp3", 44_100, 2))
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    ranges = decoded(bytes(content), RANGES, cores=2)
    assert ranges.same_as(decoded(bytes(content), IN_ONE_GO))
    assert ranges.in_ranges > 4 * 16_000


def test_an_index_that_is_missing_or_wrong_makes_no_difference() -> None:
    content = bytearray(recording("mp3_vbr", 44_100, 2))
    at = content.index(b"Xing")
    content[at + 16 : at + 116] = bytes(range(99, -1, -1))  # the table of places, now descending
    for variant in (bytes(content), bytes(content).replace(b"Xing", b"none", 1)):
        ranges = decoded(variant, RANGES, cores=2)
        assert ranges.same_as(decoded(variant, IN_ONE_GO))
        assert ranges.in_ranges > 4 * 16_000


def test_lost_packets_between_ranges_leave_silence() -> None:
    content = recording("mpegts", 44_100, 1)
    packets = [content[at : at + 188] for at in range(0, len(content), 188)]
    holed = b"".join(packets[: len(packets) * 5 // 8] + packets[len(packets) * 6 // 8 :])
    ranges, whole = decoded(holed, RANGES, cores=2), decoded(holed, RANGES, cores=1)
    assert ranges.same_as(whole)
    assert len(ranges.sound) == pytest.approx(SECONDS * 16_000, abs=0.2 * 16_000)
