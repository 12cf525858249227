"""Files in which a little unfolds to much: silence, compression, nesting, and boxes and blocks without end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial

from tests.support.media import boxes, ebml, ogg
from tests.support.media.case import ANY_END, MUST_SUCCEED, RATE, Case, Outcome, speech, spoken
from tests.support.media.containers import id3
from tests.support.media.encode import Samples, encoded
from tests.support.media.references import flac_with

PADDING, PICTURE = 1, 6
"""Kinds of FLAC's blocks of metadata."""
AMR_NO_DATA = b"\x7c"
"""An empty frame of 20 ms: the decoder conceals the loss."""
LARGEST_BLOCK = 2**24 - 1
"""Bytes of metadata that FLAC can state."""
PAGES_OF_VORBIS = 350
WIDE = 20_000


def amr_bomb(minutes: int) -> bytes:
    return b"#!AMR\n" + AMR_NO_DATA * (minutes * 60 * 50)


def _silence() -> Samples:
    return (speech(4.0) * 0).astype(speech().dtype)


def vorbis_bomb() -> bytes:
    """Two packets of silence over and over, at two bytes for each 64 ms."""
    *heads, sound = ogg.pages(encoded(_silence(), RATE, "vorbis"))
    segments = sound[26]
    sizes = sound[27 : 27 + segments]
    packet = sound[27 + segments + sum(sizes[:10]) :][: sizes[10]]
    last = int.from_bytes(sound[6:14], "little")
    step = 255 * 1_024
    pages = (ogg.page([packet] * 255, last + step * (n + 1), len(heads) + 1 + n) for n in range(PAGES_OF_VORBIS))
    return b"".join([*heads, sound[:5] + b"\0" + sound[6:], *pages])


def zlib_bomb(blocks: int) -> bytes:
    """Matroska of silence in blocks of 9 MB, 9 kB each as they are compressed."""
    sound = zlib.compress(bytes(9_000_000), 9)
    clusters = (ebml.cluster(281_250 * number, [(0, sound)]) for number in range(blocks))
    return ebml.matroska(ebml.info(), ebml.tracks(encoding=ebml.compressed()), *clusters)


@cache
def wide_picture() -> bytes:
    """A PNG of 20,000 by 20,000 points, black or white; 1.2 GB as a decoder may want to hold it."""
    size = struct.pack(">IIBBBBB", WIDE, WIDE, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(WIDE * (1 + WIDE // 8)), 9)
    parts = ((b"IHDR", size), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, content) for kind, content in parts)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def picture_block(content: bytes) -> bytes:
    kind = b"image/png"
    return struct.pack(">II9sIIIIII", 3, len(kind), kind, 0, WIDE, WIDE, 1, 0, len(content)) + content


def tagged_picture(content: bytes) -> bytes:
    """MP3 with a cover of any size."""
    body = b"\x00image/png\x00\x03\x00" + content
    syncsafe = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return id3(b"APIC" + syncsafe + b"\0\0" + body) + spoken("mp3")


def flac_blocks(count: int) -> bytes:
    """Padding of no bytes, `count` times and once."""
    return flac_with(PADDING, struct.pack(">BBBB", PADDING, 0, 0, 0) * count, 0)


def m4a_with(content: bytes) -> bytes:
    """More in the movie's description."""
    data = spoken("m4a")
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    return data[:at] + boxes.box(b"moov", data[at + 8 : at + size] + content) + data[at + size :]


def nested_boxes(kind: bytes, depth: int) -> bytes:
    return b"".join(struct.pack(">I", 8 * (depth - level)) + kind for level in range(depth))


def repeated_track(count: int) -> bytes:
    data = spoken("m4a")
    at = data.index(b"trak") - 4
    return m4a_with(data[at : at + int.from_bytes(data[at : at + 4], "big")] * count)


def empty_fragments(count: int) -> bytes:
    fragment = boxes.box(b"moof", boxes.box(b"mfhd", struct.pack(">II", 0, 1)))
    return spoken("m4a_faststart") + fragment * count


def matroska_with(*parts: bytes) -> bytes:
    sound = ebml.cluster(0, [(0, speech(1.0).tobytes())])
    return ebml.matroska(ebml.info(), ebml.tracks(), sound, *parts)


def lists_in_lists(depth: int) -> bytes:
    """AVI's lists, each of which declares the length of the rest of the file."""
    lists = b"".join(b"LIST" + struct.pack("<I", 12 * (depth - level)) + b"hdrl" for level in range(depth))
    return b"RIFF" + struct.pack("<I", 4 + len(lists)) + b"AVI " + lists


def many_frames(count: int) -> bytes:
    return id3((b"TXXX" + struct.pack(">IH", 3, 0) + b"\0a\0") * count) + spoken("mp3")


Found = tuple[tuple[str, frozenset[Outcome], Callable[[], bytes]], ...]

SMALL: Found = (
    ("hour_of_nothing.amr", ANY_END, partial(amr_bomb, 60)),
    ("hours.ogg", ANY_END, vorbis_bomb),
    ("hour_compressed.mkv", ANY_END, partial(zlib_bomb, 16)),
    ("wide_cover.mp3", MUST_SUCCEED, lambda: tagged_picture(wide_picture())),
    ("wide_cover.flac", MUST_SUCCEED, lambda: flac_with(PICTURE, picture_block(wide_picture()))),
    ("blocks_30000.flac", ANY_END, partial(flac_blocks, 30_000)),
    ("block_of_16_mb.flac", ANY_END, partial(flac_with, PICTURE, b"", LARGEST_BLOCK)),
    ("tags_10000.mp3", ANY_END, partial(many_frames, 10_000)),
    ("boxes_20000_deep.m4a", ANY_END, lambda: m4a_with(nested_boxes(b"udta", 20_000))),
    ("movies_20000_deep.mp4", ANY_END, lambda: boxes.box(b"ftyp", b"isom" + bytes(4)) + nested_boxes(b"moov", 20_000)),
    ("tracks_200.m4a", ANY_END, partial(repeated_track, 200)),
    ("fragments_7000.mp4", ANY_END, partial(empty_fragments, 7_000)),
    (
        "tags_5000_deep.mkv",
        ANY_END,
        lambda: matroska_with(ebml.nested([ebml.ID_TAGS, ebml.ID_TAG] + [ebml.ID_SIMPLE_TAG] * 5_000, 5_002)),
    ),
    ("segments_5000_deep.mkv", ANY_END, lambda: ebml.header() + ebml.nested([ebml.ID_SEGMENT], 5_000)),
    ("clusters_5000.mkv", ANY_END, lambda: matroska_with(ebml.cluster(0, [], ebml.UNKNOWN) * 5_000)),
    (
        "attachment_of_64_pb.mkv",
        ANY_END,
        lambda: matroska_with(ebml.element(ebml.ID_ATTACHMENTS, bytes(9), ebml.UNKNOWN - 1)),
    ),
    ("lists_15000_deep.avi", ANY_END, partial(lists_in_lists, 15_000)),
)
LARGE: Found = (
    ("boxes_1000000.m4a", ANY_END, lambda: m4a_with(boxes.box(b"free", b"") * 1_000_000)),
    ("cover_of_20_mb.mp3", MUST_SUCCEED, lambda: tagged_picture(bytes(20_000_000))),
    ("picture_of_16_mb.flac", MUST_SUCCEED, lambda: flac_with(PICTURE, picture_block(bytes(LARGEST_BLOCK - 100)))),
)
"""Over 200 kB."""


def cases() -> Iterator[Case]:
    for name, acceptable, make in SMALL:
        yield Case(name, "flood", acceptable, make)
    for name, acceptable, make in LARGE:
        yield Case(name, "large", acceptable, make)
