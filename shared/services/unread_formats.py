"""Names of the formats that Emoline does not read, by first bytes, and what to do about each."""

from __future__ import annotations

import re
from typing import NamedTuple

_CONVERT = ", which Emoline does not read; convert it to WAV or FLAC first."
_NOT_SOUND = ", not a recording."
_UNPACK = "; send the recordings in it one by one."
_NO_SOUND = ", which has no sound itself; send the recordings that it names."
_PROTECTED = "; only the programs of its seller can open it."


class _Signature(NamedTuple):
    """The bytes at a place of a file by which its format is known, its name, and the end of the sentence."""

    start: int
    mark: bytes
    name: str
    advice: str


_SIGNATURES = tuple(
    _Signature(start, mark, name, advice)
    for advice, formats in {
        _CONVERT: (
            (0, b"ajkg", "in the format Shorten"),
            (0, b".RMF", "in the format RealMedia"),
            (0, b".ra\xfd", "in the format RealAudio"),
            (0, b"DSD ", "in the format DSF (DSD)"),
            (0, b"FRM8", "in the format DSDIFF (DSD)"),
            (0, b"MP+", "in the format Musepack"),
            (0, b"MPCK", "in the format Musepack"),
            (0, b"MAC ", "in the format Monkey's Audio"),
            (0, b"EA3", "in a format of ATRAC"),
            (0, b"ea3", "in a format of ATRAC"),
            (0, b"tBaK", "in the format TAK"),
            (0, b"OFR ", "in the format OptimFROG"),
            (0, b"\x02dss", "in the dictation format DSS"),
            (0, b"\x03dss", "in the dictation format DSS"),
            (0, b"\x03ds2", "in the dictation format DS2"),
            (0, b"#!SILK", "in the format SILK"),
            (0, b"\x02#!SILK", "a voice message of WeChat or QQ (SILK)"),
            (8, b"QLCM", "in the format QCP"),
            (4, b"\xf8\x72\x6f\xba", "in the format Dolby TrueHD"),
        ),
        _PROTECTED: ((4, b"ftypaax ", "a protected audiobook of Audible"),),
        _NOT_SOUND: (
            (0, b"MThd", "MIDI, notes without sound"),
            (8, b"RMID", "MIDI, notes without sound"),
            (0, b"%PDF-", "a PDF document"),
            (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Microsoft Office"),
            (0, b"{\\rtf", "an RTF document"),
            (0, b"\xff\xd8\xff", "a JPEG picture"),
            (0, b"\x89PNG\r\n", "a PNG picture"),
            (0, b"GIF8", "a GIF picture"),
            (8, b"WEBP", "a WebP picture"),
            (4, b"ftyphei", "a HEIC picture"),
            (4, b"ftypmif1", "a HEIF picture"),
            (4, b"ftypavif", "an AVIF picture"),
            (0, b"SQLite format 3\0", "an SQLite database"),
            (0, b"\x7fELF", "a program"),
        ),
        _UNPACK: (
            (0, b"PK\x03\x04", "a ZIP archive"),
            (0, b"Rar!\x1a", "a RAR archive"),
            (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
            (0, b"\x1f\x8b\x08", "a gzip file"),
            (0, b"BZh", "a bzip2 file"),
            (0, b"\xfd7zXZ\0", "an XZ file"),
            (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"),
            (257, b"ustar", "a tar archive"),
        ),
        _NO_SOUND: ((0, b"#EXTM3U", "a playlist"), (0, b"[playlist]", "a playlist")),
    }.items()
    for start, mark, name in formats
)
_OFFICE = {b"word/": "a Word document", b"xl/": "an Excel document", b"ppt/": "a PowerPoint document"}
_JSON = re.compile(rb"""[{\[]\s*["{\[\]}]""")
_WEB_PAGE = (
    "The file is a web page, not a recording: perhaps the link leads to a page that asks to sign in or to confirm. "
    "Send the recording itself."
)
SHORTENED_SPHERE = (
    "The file is NIST SPHERE compressed by Shorten, which Emoline does not read; unpack it first: "
    "sph2pipe -f wav in.sph out.wav."
)
"""Of the name of the compression, which stands in the header."""


def describe_unread(head: bytes) -> str | None:
    """Return a sentence that names the format of a file that begins with `head`, and says what to do; None if the
    format is not one of those that are known and not read."""
    if head.startswith(b"NIST_1A") and b"shorten" in head:
        return SHORTENED_SPHERE
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024].lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")) or (text.startswith(b"<?xml") and b"<html" in text):
        return _WEB_PAGE
    for start, mark, name, advice in _SIGNATURES:
        if head.startswith(mark, start):
            office = next((kind for folder, kind in _OFFICE.items() if mark == b"PK\x03\x04" and folder in head), None)
            return f"The file is {office}{_NOT_SOUND}" if office else f"The file is {name}{advice}"
    if text.startswith(b"<?xml"):
        return f"The file is an XML document{_NOT_SOUND}"
    if _JSON.match(text):
        return f"The file is a JSON document{_NOT_SOUND}"
    return None
