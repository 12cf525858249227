"""MP4 and MOV boxes: replaced in place, and data references to other files."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

EDITS_PATH = (b"moov", b"trak", b"edts", b"elst")
DREF_PATH = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def replace_box(data: bytes, path: Sequence[bytes], content: bytes) -> bytes:
    """`data` with the content of the box at `path` replaced, and the sizes of those around it put right."""
    parts = []
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        inside, data = data[8:size], data[size:]
        if kind == path[0]:
            inside = replace_box(inside, path[1:], content) if len(path) > 1 else content
        parts.append(box(kind, inside))
    return b"".join(parts)


def with_edits(movie: bytes, edits: Sequence[tuple[int, int]]) -> bytes:
    """The movie with another edit list: for each part, milliseconds and the first sample, -1 for silence.

    It must have a list, and its index must come last, so that offsets hold.
    """
    entries = b"".join(struct.pack(">IiI", ms, first, 1 << 16) for ms, first in edits)
    return replace_box(movie, EDITS_PATH, struct.pack(">II", 0, len(edits)) + entries)


def alias_reference(target: Path) -> bytes:
    """A `dref` entry as a Mac wrote it: an alias record with the absolute path of the file with the sound."""
    mac_path = str(target).replace("/", ":").encode()
    record = bytes(10) + bytes(28) + bytes(12)  # volume: no name
    record += bytes([min(63, len(target.name))]) + target.name.encode()[:63].ljust(63, b"\0")
    record += bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    record += struct.pack(">HH", 2, len(mac_path)) + mac_path + bytes(len(mac_path) % 2)
    record += struct.pack(">hH", -1, 0)
    return box(b"alis", bytes(4) + record)


def url_reference(target: Path) -> bytes:
    """A `dref` entry of MP4: not in this file (flag 0), but at a URL."""
    return box(b"url ", bytes(4) + f"file://{target}".encode() + b"\0")


def with_reference(movie: bytes, entry: bytes) -> bytes:
    """The movie, its sound now said to be in another file. Its index must come last, so that offsets hold."""
    return replace_box(movie, DREF_PATH, struct.pack(">II", 0, 1) + entry)
