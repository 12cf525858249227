"""Matroska written element by element, each open to a lie. RFC 8794 and RFC 9559."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

ID_EBML, ID_DOC_TYPE, ID_SEGMENT = 0x1A45DFA3, 0x4282, 0x18538067
ID_INFO, ID_TIMESTAMP_SCALE, ID_DURATION = 0x1549A966, 0x2AD7B1, 0x4489
ID_NEXT_FILENAME, ID_PREVIOUS_FILENAME, ID_NEXT_UUID = 0x3E83BB, 0x3C83AB, 0x3EB923
ID_TRACKS, ID_TRACK, ID_NUMBER, ID_UID, ID_TYPE, ID_CODEC = 0x1654AE6B, 0xAE, 0xD7, 0x73C5, 0x83, 0x86
ID_AUDIO, ID_RATE, ID_CHANNELS, ID_BIT_DEPTH = 0xE1, 0xB5, 0x9F, 0x6264
ID_ENCODINGS, ID_ENCODING, ID_COMPRESSION, ID_ALGORITHM = 0x6D80, 0x6240, 0x5034, 0x4254
ID_CLUSTER, ID_TIMESTAMP, ID_SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
ID_ATTACHMENTS, ID_ATTACHED_FILE, ID_FILE_NAME, ID_MEDIA_TYPE = 0x1941A469, 0x61A7, 0x466E, 0x4660
ID_FILE_DATA, ID_FILE_UID = 0x465C, 0x46AE
ID_CHAPTERS, ID_EDITION, ID_ORDERED, ID_CHAPTER = 0x1043A770, 0x45B9, 0x45DD, 0xB6
ID_CHAPTER_UID, ID_CHAPTER_START, ID_CHAPTER_END, ID_CHAPTER_SEGMENT = 0x73C4, 0x91, 0x92, 0x6E67
ID_TAGS, ID_TAG, ID_SIMPLE_TAG = 0x1254C367, 0x7373, 0x67C8

UNKNOWN = 2**56 - 1
"""The size of an element that ends where its parent does."""
MILLISECOND = 1_000_000
"""Nanoseconds; the scale that most files have."""


def element(identifier: int, content: bytes, size: int | None = None) -> bytes:
    """`size` is the length that the element declares."""
    stated = len(content) if size is None else size
    return _identifier(identifier) + (1 << 56 | stated).to_bytes(8, "big") + content


def _identifier(identifier: int) -> bytes:
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")


def number(identifier: int, value: int) -> bytes:
    return element(identifier, value.to_bytes(8, "big"))


def real(identifier: int, value: float) -> bytes:
    return element(identifier, struct.pack(">d", value))


def header() -> bytes:
    return element(ID_EBML, element(ID_DOC_TYPE, b"matroska"))


def info(scale: int = MILLISECOND, duration: float = 1_000.0) -> bytes:
    """`duration` in units of `scale` nanoseconds."""
    return element(ID_INFO, number(ID_TIMESTAMP_SCALE, scale) + real(ID_DURATION, duration))


def tracks(rate: float = 16_000, channels: int = 1, encoding: bytes = b"") -> bytes:
    """One track of 16 bit PCM."""
    audio = real(ID_RATE, rate) + number(ID_CHANNELS, channels) + number(ID_BIT_DEPTH, 16)
    entry = number(ID_NUMBER, 1) + number(ID_UID, 1) + number(ID_TYPE, 2) + element(ID_CODEC, b"A_PCM/INT/LIT")
    return element(ID_TRACKS, element(ID_TRACK, entry + element(ID_AUDIO, audio) + encoding))


def compressed() -> bytes:
    """Says that the blocks of a track are zlib's."""
    compression = element(ID_COMPRESSION, number(ID_ALGORITHM, 0))
    return element(ID_ENCODINGS, element(ID_ENCODING, compression))


def cluster(timestamp: int, blocks: Iterable[tuple[int, bytes]], size: int | None = None) -> bytes:
    """`blocks` are pairs of a time relative to `timestamp`, -32768 to 32767, and the sound."""
    content = number(ID_TIMESTAMP, timestamp)
    for time, sound in blocks:
        content += element(ID_SIMPLE_BLOCK, b"\x81" + struct.pack(">hB", time, 0x80) + sound)
    return element(ID_CLUSTER, content, size)


def matroska(*parts: bytes, size: int = UNKNOWN) -> bytes:
    """The parts as one segment."""
    return header() + element(ID_SEGMENT, b"".join(parts), size)


def nested(identifiers: Sequence[int], depth: int) -> bytes:
    """`depth` elements, each in the one before, of these kinds in turn."""
    content = b""
    for level in reversed(range(depth)):
        content = element(identifiers[level % len(identifiers)], content)
    return content
