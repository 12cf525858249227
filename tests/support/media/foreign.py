"""Files that are no media at all but carry the name of some."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tests.support.media.case import ANY_END, NEVER_SUCCEEDS, Case, spoken
from tests.support.media.pictures import still_image

EPOCH = (1980, 1, 1, 0, 0, 0)


def _zip(content: bytes, encrypted: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("call.wav", EPOCH), content)
    data = bytearray(buffer.getvalue())
    if encrypted:  # bit 0 of the flags, in the local header and in the central directory
        data[6] |= 1
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("call.wav")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _pdf() -> bytes:
    page = zlib.compress(b"BT /F1 12 Tf (not a recording) Tj ET" * 50)
    return b"%%PDF-1.7\n1 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\n%%%%EOF" % (
        len(page),
        page,
    )


def _elf() -> bytes:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + bytes(44)
    return header + b"\x90\xc3" * 2000


def random_bytes(seed: int, size: int) -> bytes:
    return np.random.default_rng(seed).bytes(size)


CONTENTS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one_byte": lambda: b"R",
    "newline": lambda: b"\n",
    "text": lambda: b"Dear customer, thank you for your call.\n" * 100,
    "utf16": lambda: ("Guten Tag, hier spricht niemand.\n" * 100).encode("utf-16"),
    "html": lambda: b"<!doctype html><html><body><h1>404 Not Found</h1></body></html>" * 20,
    "json": lambda: b'{"error": {"code": "AccessDenied", "message": "Request has expired"}}',
    "xml": lambda: b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
    "csv": lambda: b"start;end;text\n0;1,5;hello\n" * 200,
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>',
    "python": lambda: b"#!/usr/bin/env python3\nimport os\nos.system('true')\n" * 50,
    "shell": lambda: b"#!/bin/sh\nexit 0\n",
    "pdf": _pdf,
    "elf": _elf,
    "sqlite": lambda: b"SQLite format 3\x00\x10\x00" + bytes(4078),
    "zip": lambda: _zip(spoken("wav")),
    "zip_encrypted": lambda: _zip(spoken("wav"), encrypted=True),
    "tar": lambda: _tar(spoken("wav", 1.0)),
    "gzip": lambda: gzip.compress(spoken("wav"), mtime=0),
    "gzip_bomb": lambda: gzip.compress(bytes(100_000_000), mtime=0),
    "base64": lambda: base64.b64encode(spoken("wav")),
    "data_uri": lambda: b"data:audio/wav;base64," + base64.b64encode(spoken("wav", 0.5)),
    "hex": lambda: spoken("wav", 0.5).hex().encode(),
    "png": partial(still_image, "png"),
    "jpeg": partial(still_image, "mjpeg"),
    "gif": partial(still_image, "gif"),
    "webp": partial(still_image, "libwebp"),
}
"""The content of each file."""

RAW_CONTENTS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(60_000),
    "ones": lambda: b"\xff" * 60_000,
    "random_0": partial(random_bytes, 0, 100),
    "random_1": partial(random_bytes, 1, 20_000),
    "random_2": partial(random_bytes, 2, 200_000),
}
"""Bytes in which a decoder that looks for the start of a frame may find one."""


def cases() -> Iterator[Case]:
    for label, make in CONTENTS.items():
        yield Case(f"{label}.wav", "foreign", NEVER_SUCCEEDS, make)
    for label in ("empty", "text", "html", "zip", "png", "jpeg", "python", "pdf"):
        yield Case(f"{label}.mp3", "foreign", NEVER_SUCCEEDS, CONTENTS[label])
    for label, make in RAW_CONTENTS.items():
        for suffix in (".wav", ".mp3", ".aac"):
            yield Case(f"{label}{suffix}", "foreign", ANY_END, make)
