"""SubRip and WebVTT, read by srt, webvtt-py and pysubs2."""

from __future__ import annotations

from collections.abc import Callable

import pysubs2
import pytest

from exports.subtitles import to_srt, to_vtt
from shared.domain.recording import Recording
from shared.domain.timeline import Result
from tests.exports.recordings import HOSTILE, awkward, recording, result_of, scored
from tests.support.export_readers import Span, srt_by_srt, vtt_by_webvtt

Write = Callable[[Recording, Result], bytes]
Read = Callable[[bytes], list[Span]]
EXPECTED = [
    (0, 4000, "agent: angry (65%)"),
    (1001, 3003, "customer: sad (75%)"),
    (39_000, 40_000, "customer: happy (80%)"),
]
both_formats = pytest.mark.parametrize(("write", "read"), [(to_srt, srt_by_srt), (to_vtt, vtt_by_webvtt)])


@both_formats
def test_captions_are_the_timeline(write: Write, read: Read) -> None:
    result = awkward()
    assert read(write(recording("agent", "customer"), result)) == EXPECTED
    assert [(entry.start // 16, entry.end // 16) for entry in result.timeline] == [span[:2] for span in EXPECTED]


@pytest.mark.parametrize(("kind", "write"), [("srt", to_srt), ("vtt", to_vtt)])
def test_a_second_reader_finds_the_same(kind: str, write: Write) -> None:
    events = pysubs2.SSAFile.from_string(write(recording("agent", "customer"), awkward()).decode(), format_=kind)
    assert [(event.start, event.end, event.plaintext) for event in events] == EXPECTED


@both_formats
def test_times_of_a_day_and_more_are_in_hours(write: Write, read: Read) -> None:
    late = result_of(scored(0, 0, 0, 1, 1, 0, 0), scored(1, 0, 90_061_007, 100 * 3_600_000, 0, 1, 0))
    assert read(write(recording(), late))[1][:2] == (90_061_007, 360_000_000)
    assert b"\n25:01:01" in write(recording(), late)


@both_formats
def test_a_lone_channel_without_a_role_needs_no_name(write: Write, read: Read) -> None:
    single = result_of(scored(0, 0, 0, 1000, 0.7, 0.2, 0.1))
    assert read(write(recording(), single)) == [(0, 1000, "angry (70%)")]
    assert read(write(recording("agent"), single)) == [(0, 1000, "agent: angry (70%)")]
    numbered = [text.split(":")[0] for _, _, text in read(write(recording(), awkward()))]
    assert numbered == ["channel 0", "channel 1", "channel 1"]


@both_formats
def test_without_speech_there_are_no_captions(write: Write, read: Read) -> None:
    assert read(write(recording(), result_of())) == []


@both_formats
@pytest.mark.parametrize("role", HOSTILE)
def test_a_role_is_shown_as_written(write: Write, read: Read, role: str) -> None:
    spans = read(write(recording(role, "customer"), awkward()))
    if write is to_srt:  # its reader leaves entities to players
        spans = [(start, end, text.replace("&lt;", "<").replace("&gt;", ">")) for start, end, text in spans]
    assert spans == [(0, 4000, f"{role}: angry (65%)"), *EXPECTED[1:]]


@pytest.mark.parametrize("write", [to_srt, to_vtt])
@pytest.mark.parametrize("role", HOSTILE)
def test_no_role_is_markup(role: str, write: Write) -> None:
    content = write(recording(role, "customer"), awkward()).decode()
    assert "<" not in content
    assert content.count("-->") == len(EXPECTED)
