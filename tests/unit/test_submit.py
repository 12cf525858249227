from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.services.file_type import plainly_not_media
from shared.services.submission import display_name
from tests.support.media.case import speech
from tests.support.media.encode import FORMATS, encoded


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("call.mp3", "call.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\calls\\monday.wav", "monday.wav"),
        ("a\x00b\n\u202ec.wav", "abc.wav"),
        ("e\u0301.wav", "é.wav"),
        ("", "recording"),
        ("///", "recording"),
    ],
)
def test_a_file_name_is_made_fit_to_show(given_name: str, expected: str) -> None:
    assert display_name(given_name) == expected


@given(st.text(max_size=500))
def test_a_shown_name_is_never_a_path_nor_too_long(name: str) -> None:
    displayed = display_name(name)
    assert displayed
    assert "/" not in displayed
    assert "\\" not in displayed
    assert len(displayed.encode()) <= 255


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_audio_format_passes_the_first_check(format_name: str) -> None:
    rate = next(rate for rate in FORMATS[format_name].rates if rate >= 8000)
    assert not plainly_not_media(encoded(speech(1.5, rate), rate, format_name)[:4096])


@pytest.mark.parametrize(
    "head",
    [
        b"hello world\n",
        "Grüße aus Köln".encode(),
        b"<!DOCTYPE html><html>",
        b"%PDF-1.7\n%\xe2\xe3",
        b"\x89PNG\r\n\x1a\n\0\0",
    ],
    ids=["text", "utf-8", "html", "pdf", "png"],
)
def test_text_and_documents_are_turned_away(head: bytes) -> None:
    assert plainly_not_media(head)
