"""Tell the format of a media file by its first bytes, and how far its header says that it reaches.

Runs in the decoder's process. Only formats whose files can be told from the middle of another file are here: MPEG-TS,
ADTS and the like have no beginning, and are read on as one.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from shared.services.file_type import TAG_HEAD, tag_length

LONGEST = 96
"""Bytes that every signature fits in."""
_MOST_CHUNKS = 100_000
_UNKNOWN_SIZES = {0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}
_EBML_SEGMENT = b"\x18\x53\x80\x67"
_OLD_TAG = 128
"""Bytes of a tag of the first version (ID3v1), behind the sound."""
_LENGTHS = struct.Struct(">III")
_HAS_LENGTHS = 0b11
"""The flags of the lengths that a frame of lengths has: of both, in frames and in bytes from its own start."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """A format of chunks, each with a `head` of its size and its name.

    The first one is `first` bytes from the start. `counts_head`: the size counts the head too. Sizes are rounded up to
    a multiple of `aligned`.
    """

    head: struct.Struct
    first: int = 0
    size_first: bool = False
    counts_head: bool = False
    aligned: int = 1

    def known_end(self, file: BinaryIO, start: int, pattern: re.Pattern[bytes]) -> int:
        """Return where the chunks end of the file that begins at `start`, or the next file begins by `pattern`.

        It is the start of a chunk whose size is not known or reaches beyond the file.
        """
        length = file.seek(0, os.SEEK_END)
        place, large = start + self.first, 0
        for _ in range(_MOST_CHUNKS):
            content = _read(file, place, LONGEST)
            if len(content) < self.head.size or (place > start and pattern.match(content)):
                break
            first, second = self.head.unpack_from(content)
            name, size = (second, first) if self.size_first else (first, second)
            if name == b"ds64":  # the true size of the data, where it has more than 32 bits (EBU Tech 3306)
                large = struct.unpack_from("<Q", content, self.head.size + 8)[0]
            elif name == b"data" and size == 0xFFFFFFFF and large:
                size = large
            elif self.size_first and size == 1:
                size = struct.unpack_from(">Q", content.ljust(LONGEST, b"\0"), self.head.size)[0]
            end = place + size + (0 if self.counts_head else self.head.size)
            readable = len(name) > 4 or all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in name)
            if name == b"moof":  # to go over the fragments of a long recording would be to read it twice
                break
            if not readable or size in _UNKNOWN_SIZES or end > length or end < place + self.head.size:
                break
            unpadded = end
            end = start + -(-(end - start) // self.aligned) * self.aligned
            place = unpadded if pattern.match(_read(file, unpadded, LONGEST)) else end
        return min(place, length)


@dataclass(frozen=True, slots=True)
class Signature:
    """The bytes that a file of a format begins with; `known_end` returns up to where a file surely reaches.

    Its arguments are the file, the start, and the pattern.
    """

    pattern: re.Pattern[bytes]
    known_end: Callable[[BinaryIO, int, re.Pattern[bytes]], int]

    def search(self, file: BinaryIO, place: int, content: bytes, begin: int = 0) -> int | None:
        """Return where, from `begin` on, another file begins in `content`, which was read at `place`."""
        match = self.pattern.search(content, begin)
        return match.start() if match else None


class Mp3Signature(Signature):
    """The frame with the lengths; or a tag before sound that needs none before it, as in files without that frame."""

    def search(self, file: BinaryIO, place: int, content: bytes, begin: int = 0) -> int | None:
        frame = super().search(file, place, content, begin)
        tags = _TAG.finditer(content, begin, len(content) if frame is None else frame)
        return next((tag.start() for tag in tags if _begins_anew(file, place + tag.start())), frame)


def find_signature(file: BinaryIO, start: int) -> Signature | None:
    """Return the signature that a file has at `start`, None if it has none."""
    content = _read(file, start, LONGEST)
    return next((signature for signature in _SIGNATURES if signature.pattern.match(content)), _mpeg(content))


def after_signature(file: BinaryIO, start: int, pattern: re.Pattern[bytes]) -> int:
    """Return where the signature ends, of a format that does not state its size."""
    match = pattern.match(_read(file, start, LONGEST))
    return start + (match.end() if match else 1)


def after_matroska_segment(file: BinaryIO, start: int, pattern: re.Pattern[bytes]) -> int:
    """Return where the segments end of a Matroska file; after its header if they do not state their size."""
    length = file.seek(0, os.SEEK_END)
    place = start
    for _ in range(_MOST_CHUNKS):
        content = _read(file, place, LONGEST)
        if len(content) < 2 or (place > start and pattern.match(content)):
            break
        name_size = 9 - content[0].bit_length()
        width = 9 - content[min(name_size, len(content) - 1)].bit_length()
        size = int.from_bytes(content[name_size : name_size + width]) - (1 << 7 * width)
        end = place + name_size + width + size
        if name_size > 4 or width > 8 or size < 0 or size == (1 << 7 * width) - 1 or end > length:
            return max(place, start + LONGEST)
        place = end
    return min(place, length)


def after_ogg_headers(file: BinaryIO, start: int, pattern: re.Pattern[bytes]) -> int:
    """Return where the first pages of the streams of an Ogg file end, which all have the flag of a beginning."""
    place = start
    while pattern.match(head := _read(file, place, 27 + 255)) and len(head) > 27:
        place += 27 + head[26] + sum(head[27 : 27 + head[26]])
    return place


def after_mpeg_header(file: BinaryIO, start: int, pattern: re.Pattern[bytes]) -> int:
    """Return where the first frame of an MP3 file begins to have sound: behind the tags, and its frame of lengths.

    It is the end of the sound by these lengths if another file begins there, or behind a tag of 128 bytes.
    """
    place = _behind_tags(file, start)
    content = _read(file, place, 4096)
    first = pattern.search(content)
    if not first:
        return place + 1
    flags, _, size = _LENGTHS.unpack_from(content.ljust(4096 + LONGEST, b"\0"), first.end())
    stated: int = place + first.start() + size
    if flags & _HAS_LENGTHS == _HAS_LENGTHS:
        for end in (stated, stated + _OLD_TAG):
            if _MP3.search(file, end, _read(file, end, LONGEST)) == 0:
                return end
    return place + first.end()


def _behind_tags(file: BinaryIO, place: int) -> int:
    while length := tag_length(_read(file, place, TAG_HEAD)):
        place += length
    return place


def _begins_anew(file: BinaryIO, place: int) -> bool:
    """Tell whether the frame behind the tags at `place` has no sound in frames before it, which streams mostly have.

    The first bits of its side information say how far back its sound begins (ISO 11172-3, 2.4.1.7; ISO 13818-3).
    """
    head = _read(file, _behind_tags(file, place), 8)
    if len(head) < 8 or not _FRAME.match(head):
        return False
    side = head[4:] if head[1] & 0x01 else head[6:]  # behind a checksum
    return side[0] == 0 and not (head[1] & 0x08 and side[1] & 0x80)


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


def _mpeg(content: bytes) -> Signature | None:
    return _MP3 if content.startswith(b"ID3") or _FRAME.match(content) else None


def _chunked(pattern: bytes, chunks: Chunks) -> Signature:
    return Signature(re.compile(pattern), chunks.known_end)


_WITH_BIT_3 = b"[" + b"".join(re.escape(bytes([byte])) for byte in range(256) if byte & 0x08) + b"]"
"""The first of the blocks of one moment in WavPack, which has a block for two channels."""
_RIFF = struct.Struct("<4sI")
_FRAME = re.compile(rb"\xff[\xe2-\xff]")
_TAG = re.compile(rb"ID3[\x02-\x04]\x00[\s\S][\x00-\x7f]{4}")
_MP3 = Mp3Signature(re.compile(rb"\xff[\xe2-\xff][\s\S]{2}\x00{9,34}(?:Xing|Info)"), after_mpeg_header)
"""The first frame of a file by its encoder; files without it and without a tag are read on as one."""
_SIGNATURES = (
    _chunked(rb"(?:RIFF|RF64|BW64)[\s\S]{4}WAVE", Chunks(_RIFF, first=12, aligned=2)),
    _chunked(rb"RIFF[\s\S]{4}AVI LIST", Chunks(_RIFF, aligned=2)),
    _chunked(rb"FORM[\s\S]{4}AIF[FC]", Chunks(struct.Struct(">4sI"), first=12, aligned=2)),
    _chunked(
        rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
        Chunks(struct.Struct("<16sQ"), first=40, counts_head=True, aligned=8),
    ),
    _chunked(rb"caff\x00\x01\x00\x00desc", Chunks(struct.Struct(">4sQ"), first=8)),
    _chunked(rb"\x00\x00[\s\S]{2}ftyp", Chunks(struct.Struct(">I4s"), size_first=True, counts_head=True)),
    _chunked(
        rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
        Chunks(struct.Struct("<16sQ"), counts_head=True),
    ),
    Signature(re.compile(rb"\x1a\x45\xdf\xa3[\s\S]{1,64}?(?:webm|matroska)"), after_matroska_segment),
    Signature(re.compile(rb"OggS\x00[\x02\x06]\x00{8}"), after_ogg_headers),
    *(
        Signature(re.compile(pattern), after_signature)
        for pattern in (
            rb"\.snd\x00\x00[\s\S]{6}\x00\x00\x00[\x01-\x1b]\x00[\x00-\x0b][\s\S]{2}\x00\x00\x00",
            rb"FLV\x01[\x00-\x07]\x00\x00\x00\x09\x00\x00\x00\x00",
            rb"#!AMR(?:-WB)?\n",
            rb"fLaC[\x00\x80]\x00\x00\x22",
            rb"TTA[12][\x01-\x03]\x00",
            rb"wvpk[\s\S]{4}[\x02-\x10]\x04\x00[\s\S]{5}\x00{4}[\s\S]{5}" + _WITH_BIT_3,
            rb"Creative Voice File\x1a",
            rb"NIST_1A\n",
            rb"\.SoX[\s\S]{2}\x00\x00[\s\S]{5}\x00\x00\x00[\s\S]{8}[\x01-\x40]\x00\x00\x00",
        )
    ),
)
