from __future__ import annotations

import pytest

from shared.services.unread_formats import describe_unread
from tests.support.media.case import spoken
from tests.support.media.encode import FORMATS
from tests.support.media.foreign import CONTENTS
from tests.support.media.headerless import HEADERLESS, sphere_by_shorten


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"MThd\0\0\0\6", "The file is MIDI, notes without sound, not a recording."),
        (b"MAC \x96\x0f", "The file is in the format Monkey's Audio, which Emoline does not read; convert it"),
        (sphere_by_shorten(), "NIST SPHERE compressed by Shorten"),
        (b"ajkg\2", "Shorten"),
        (b".ra\xfd\0\4", "RealAudio"),
        (b"DSD \x1c", "DSF"),
        (b"FRM8\0\0", "DSDIFF"),
        (b"MPCKSH", "Musepack"),
        (b"ea3\3", "ATRAC"),
        (b"\x02#!SILK_V3", "WeChat"),
        (b"\0\0\0\x24ftypaax ", "protected audiobook"),
        (b"PK\3\4\x14\0" + bytes(24) + b"word/document.xml", "The file is a Word document, not a recording."),
        (b"\r\n<!DOCTYPE HTML>\n<html>", "The file is a web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE html><html>', "The file is a web page"),
        (b'{"error": "expired"}', "The file is a JSON document, not a recording."),
        (b"[playlist]\nFile1=a.mp3", "The file is a playlist"),
        (CONTENTS["tar"](), "a tar archive"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_advice(head: bytes, sentence: str) -> None:
    description = describe_unread(head[:4096]) or ""
    assert sentence in description
    assert description.startswith("The file is ")
    assert description.endswith(".")


def test_most_files_that_are_no_media_have_a_name() -> None:
    unnamed = {name for name, make in CONTENTS.items() if not describe_unread(make()[:4096])}
    plain = {"empty", "one_byte", "newline", "text", "utf16", "csv", "python", "shell", "base64", "data_uri", "hex"}
    assert unnamed - plain == {"svg"}


def test_nothing_that_is_read_has_such_a_name() -> None:
    named = {name for name, kind in FORMATS.items() if 16_000 in kind.rates and describe_unread(spoken(name)[:4096])}
    assert named | {name for name, file in HEADERLESS.items() if describe_unread(file.make()[:4096])} == set()
