"""Readable files under hostile, wrong or missing names: the content decides, so they must be read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.support.media.case import ANY_END, MUST_SUCCEED, Case, spoken

FAIR_NAMES = (
    "recording",
    "CALL.WAV",
    "call.",
    ".wav",
    "call.wav.exe",
    "call.txt",
    "call with spaces.wav",
    "Gespräch mit Müller.wav",
    "通话录音.wav",
    "مكالمة.wav",
    "e\u0301motion.wav",
    "😡➡️😀.wav",
    "-rf.wav",
    "--help.wav",
    "~.wav",
    "%2e%2e%2fcall.wav",
    "%03d.wav",
    "call%s%n.wav",
    "*.wav",
    "$(touch pwned).wav",
    "`id`.wav",
    "a;b&c|d.wav",
    "'; DROP TABLE jobs; --.wav",
    "<script>alert(1)</script>.wav",
    "=cmd|calc!A1.wav",
    "CON.wav",
    "file:call.wav",
    "concat:a.wav|b.wav",
    "subfile,,start,0,end,0,,:a.wav",
    "http://127.0.0.1:9/call.wav",
    "pipe:0",
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\system32\\call.wav",
    "a/b/c.wav",
    "a" * 300 + ".wav",
    "😀" * 200 + ".wav",
)
UNCARRIABLE_NAMES = (
    "two\nlines.wav",
    "header\r\nX-Injected: 1.wav",
    "bell\x07.wav",
    "nul\x00byte.wav",
    'quo"te.wav',
    "\u202egpj.wav",
    "",
    " ",
    ".",
    "..",
    "a" * 5000 + ".wav",
)
"""Names that a server may also refuse as a malformed request."""

WRONG_SUFFIXES = (
    ("mp3", "mp3.wav"),
    ("mp3", "mp3.ogg"),
    ("wav", "wav.mp3"),
    ("wav", "wav.m4a"),
    ("vorbis", "ogg.m4a"),
    ("opus", "opus.wav"),
    ("flac", "flac.mp3"),
    ("m4a", "m4a.mp3"),
    ("aac", "adts.m4a"),
    ("wma", "wma.mp3"),
    ("webm", "webm.mp4"),
    ("mkv", "mkv.wav"),
    ("mp4", "mp4.avi"),
    ("aiff", "aiff.wav"),
    ("mp3", "mp3_without_suffix"),
    ("m4a", "m4a_without_suffix"),
)


def cases() -> Iterator[Case]:
    make = partial(spoken, "wav", 1.0)
    for name in FAIR_NAMES:
        yield Case(name, "name", MUST_SUCCEED, make)
    for name in UNCARRIABLE_NAMES:
        yield Case(name, "name", ANY_END - {"failed"}, make)
    for format_name, name in WRONG_SUFFIXES:
        yield Case(name, "extension", MUST_SUCCEED, partial(spoken, format_name))
