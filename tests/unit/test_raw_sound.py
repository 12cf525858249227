from __future__ import annotations

from typing import Any

import pytest

from shared.domain.raw_sound import RAW_CODECS, RawSound


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("call.al", RawSound("alaw")),
        ("CALL.ULAW", RawSound("mulaw")),
        ("in/2026.11.30.sln16", RawSound("s16le", 16_000)),
        ("a.slin", RawSound("s16le", 8_000)),
        ("a.sln44", RawSound("s16le", 44_100)),
        ("a.gsm", RawSound("gsm")),
        ("a.g722", RawSound("g722")),
        ("a.raw", None),
        ("a.pcm", None),
        ("a.wav", None),
        ("al", None),
        (".al", None),
        ("", None),
    ],
)
def test_the_name_of_a_file_tells_headerless_sound_where_it_is_not_ambiguous(
    name: str, expected: RawSound | None
) -> None:
    assert RawSound.from_name(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alaw", RawSound("alaw")),
        ("mulaw:16000", RawSound("mulaw", 16_000)),
        ("s16le:44100:2", RawSound("s16le", 44_100, 2)),
    ],
)
def test_raw_sound_is_parsed_as_commands_take_it(text: str, expected: RawSound) -> None:
    assert RawSound.parse(text) == expected


@pytest.mark.parametrize("text", ["", "wav", "alaw:", "alaw:8k", "alaw:-8000", "alaw:8000:1:1", "s16le:8000:²", "ALAW"])
def test_a_text_that_is_no_raw_sound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="raw"):
        RawSound.parse(text)


@pytest.mark.parametrize(
    "chosen",
    [
        {"codec": "wav"},
        {"codec": "alaw", "sample_rate": 999},
        {"codec": "alaw", "sample_rate": 768_001},
        {"codec": "alaw", "channels": 0},
        {"codec": "alaw", "channels": 65},
        {"codec": "gsm", "channels": 2},
        {"codec": "g722", "sample_rate": 8_000},
        {"codec": "g729", "sample_rate": 16_000},
    ],
)
def test_raw_sound_out_of_the_limits_is_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^raw\."):
        RawSound(**chosen)


def test_each_codec_has_a_rate() -> None:
    assert {codec: RawSound(codec).rate for codec in RAW_CODECS if RawSound(codec).rate != 8_000} == {"g722": 16_000}
