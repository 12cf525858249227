"""Media files that name other files: by alias or URL, as an attachment, a picture, an index or the next part.

Files with sound of their own may be read for it; files that they name, never.
"""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable, Iterator
from functools import partial

import av

from tests.support.media import boxes, ebml, ogg
from tests.support.media.case import ANY_END, MUST_SUCCEED, NEVER_SUCCEEDS, RATE, Case, Outcome, speech, spoken
from tests.support.media.containers import add_mono, id3, tracks
from tests.support.media.encode import audio_frame
from tests.support.media.playlists import FFCONCAT, HLS, Canary

LINK = b"-->"
"""The media type of a picture that is given as a URL, in ID3v2.4 (APIC) and FLAC."""
SCRIPT_COMMANDS = bytes.fromhex("301afb1e620bd011a39b00a0c90348f6")


def reference_movie(kind: bytes, target: bytes) -> bytes:
    """A QuickTime movie that only says which other to play."""
    reference = boxes.box(b"rdrf", bytes(4) + kind + struct.pack(">I", len(target)) + target)
    return boxes.box(b"ftyp", b"qt  " + bytes(4)) + boxes.box(
        b"moov", boxes.box(b"rmra", boxes.box(b"rmda", reference))
    )


def sound_at(entry: bytes) -> bytes:
    return boxes.with_reference(tracks("mov", "pcm_s16le", (0,)), entry)


def fragmented() -> bytes:
    """An MP4 of 1 s as DASH has it: a description, then the sound in parts with their own headers."""
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact", "movflags": "+empty_moov+dash"}
    with av.open(buffer, "w", format="mp4", options=options) as container:
        stream = add_mono(container, "aac")
        container.mux(stream.encode(audio_frame(speech(1.0), RATE)))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def init_segment() -> bytes:
    """The first file of DASH: the description of the sound, which is in other files."""
    return fragmented().split(b"moof")[0][:-4]


def matroska_with(part: bytes) -> bytes:
    sound = ebml.cluster(0, [(0, speech(1.0).tobytes())])
    return ebml.matroska(ebml.info(), part, ebml.tracks(), sound)


def attachment(canary: Canary) -> bytes:
    content = ebml.element(ebml.ID_FILE_NAME, f"../{canary.path.name}".encode())
    content += ebml.element(ebml.ID_MEDIA_TYPE, b"application/vnd.apple.mpegurl") + ebml.number(ebml.ID_FILE_UID, 1)
    content += ebml.element(ebml.ID_FILE_DATA, HLS.format(entry=canary.stream).encode())
    return ebml.element(ebml.ID_ATTACHMENTS, ebml.element(ebml.ID_ATTACHED_FILE, content))


def next_part(canary: Canary) -> bytes:
    """A second description of the recording, which names files to play before and after it."""
    name = str(canary.path).encode()
    content = ebml.element(ebml.ID_NEXT_FILENAME, name) + ebml.element(ebml.ID_PREVIOUS_FILENAME, name)
    return ebml.element(ebml.ID_INFO, content + ebml.element(ebml.ID_NEXT_UUID, b"\x01" * 16))


def chapter_elsewhere() -> bytes:
    chapter = ebml.number(ebml.ID_CHAPTER_UID, 1) + ebml.number(ebml.ID_CHAPTER_START, 0)
    chapter += ebml.number(ebml.ID_CHAPTER_END, 5 * 10**9) + ebml.element(ebml.ID_CHAPTER_SEGMENT, b"\x01" * 16)
    edition = ebml.number(ebml.ID_ORDERED, 1) + ebml.element(ebml.ID_CHAPTER, chapter)
    return ebml.element(ebml.ID_CHAPTERS, ebml.element(ebml.ID_EDITION, edition))


def skeleton(canary: Canary) -> bytes:
    """An Ogg Skeleton, which describes the streams, with a line that says that one is elsewhere."""
    head = b"fishead\0" + struct.pack("<HHqqqq", 4, 0, 0, 1000, 0, 1000) + bytes(20 + 16)
    fields = f"Content-Type: audio/opus\r\nContent-Location: file://{canary.path}\r\n".encode()
    bone = b"fisbone\0" + struct.pack("<IIIqqqIB3x", 44, 1, 2, 48_000, 1, 0, 2, 0) + fields
    first, *rest = ogg.pages(spoken("opus"))
    begin = ogg.page([head], 0, 0, ogg.BEGIN, serial=7)
    return begin + first + ogg.page([bone], 0, 1, serial=7) + b"".join(rest)


def picture(target: str) -> bytes:
    """FLAC's picture block with a URL in the place of the picture."""
    url = target.encode()
    return struct.pack(">II3sIIIIII", 3, len(LINK), LINK, 0, 1, 1, 24, 0, len(url)) + url


def flac_with(kind: int, content: bytes, size: int | None = None) -> bytes:
    """A block of metadata put between the first and the rest."""
    data = spoken("flac")
    end_of_first = 8 + int.from_bytes(data[5:8], "big")
    stated = len(content) if size is None else size
    block = bytes([kind]) + stated.to_bytes(3, "big") + content
    return data[:end_of_first] + block + data[end_of_first:]


def opus_with_tag(tag: bytes) -> bytes:
    head, _, *sound = ogg.pages(ogg.with_serial(spoken("opus"), 1))
    tags = b"OpusTags" + struct.pack("<I4sI", 4, b"none", 1) + struct.pack("<I", len(tag)) + tag
    return b"".join([head, ogg.page([tags], 0, 1), *sound])


def asf_with_command(kind: str, text: str) -> bytes:
    """ASF's script commands: "URL" has a player open it."""
    data = spoken("wma")
    words = [struct.pack("<H", len(word)) + word.encode("utf-16-le") for word in (kind, text)]
    command = struct.pack("<IHH", 0, 0, len(text)) + text.encode("utf-16-le")
    content = bytes(16) + struct.pack("<HH", 1, 1) + words[0] + command
    added = SCRIPT_COMMANDS + struct.pack("<Q", 24 + len(content)) + content
    size, count = struct.unpack("<QI", data[16:28])
    head = data[:16] + struct.pack("<QI", size + len(added), count + 1) + data[28:size]
    return head + added + data[size:]


def avi_index(*offsets: int) -> bytes:
    """An AVI whose sound is said by an OpenDML index to be at these places of the file."""
    entries = b"".join(struct.pack("<qII", offset, 32, 1) for offset in offsets)
    content = struct.pack("<HBBI4s12x", 4, 0, 0, len(offsets), b"00wb") + entries
    index = b"indx" + struct.pack("<I", len(content)) + content
    format_chunk = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    stream = b"auds" + bytes(16) + struct.pack("<IIIIIIIHHHH", 1, RATE, 0, RATE, 4096, 0, 2, 0, 0, 0, 0)
    strl = b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", format_chunk) + index
    hdrl = b"hdrl" + _chunk(b"avih", struct.pack("<14I", 0, 0, 0, 0x10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0))
    hdrl += _chunk(b"LIST", strl)
    movi = b"movi" + _chunk(b"00wb", speech(1.0).tobytes())
    return _chunk(b"RIFF", b"AVI " + _chunk(b"LIST", hdrl) + _chunk(b"LIST", movi))


def avi_index_of_itself() -> bytes:
    where = avi_index(0).index(b"indx")
    return avi_index(*[where] * 50)


def _chunk(tag: bytes, content: bytes) -> bytes:
    return tag + struct.pack("<I", len(content)) + content


def frame(kind: bytes, content: bytes) -> bytes:
    """A frame of an ID3v2.4 tag under 128 bytes."""
    return kind + struct.pack(">IH", len(content), 0) + content


def _tagged(content: bytes) -> bytes:
    return id3(content) + spoken("mp3")


def _list_in_tag(template: str, entry: object) -> bytes:
    """A playlist where the sound should be: FFmpeg looks behind a tag to tell the format."""
    return id3(bytes(100)) + template.format(entry=entry).encode()


def cases(canary: Canary) -> Iterator[Case]:
    url = f"file://{canary.path}"
    resource = boxes.alias_reference(canary.path).replace(b"alis", b"rsrc")
    picture_tag = b"METADATA_BLOCK_PICTURE=" + base64.b64encode(picture(url))
    references: tuple[tuple[str, frozenset[Outcome], Callable[[], bytes]], ...] = (
        ("movie_url.mov", NEVER_SUCCEEDS, partial(reference_movie, b"url ", url.encode() + b"\0")),
        ("movie_http.mov", NEVER_SUCCEEDS, partial(reference_movie, b"url ", canary.url.encode() + b"\0")),
        ("movie_alias.mov", NEVER_SUCCEEDS, partial(reference_movie, b"alis", boxes.alias_reference(canary.path)[12:])),
        ("sound_at_resource.mov", ANY_END, partial(sound_at, resource)),
        ("init_segment.mp4", NEVER_SUCCEEDS, init_segment),
        ("attachment.mkv", MUST_SUCCEED, lambda: matroska_with(attachment(canary))),
        ("next_part.mkv", MUST_SUCCEED, lambda: matroska_with(next_part(canary))),
        ("chapter_elsewhere.mkv", MUST_SUCCEED, lambda: matroska_with(chapter_elsewhere())),
        ("skeleton.ogg", MUST_SUCCEED, partial(skeleton, canary)),
        ("picture_at_url.flac", MUST_SUCCEED, lambda: flac_with(6, picture(url))),
        ("picture_at_url.opus", MUST_SUCCEED, partial(opus_with_tag, picture_tag)),
        ("picture_at_url.mp3", MUST_SUCCEED, lambda: _tagged(frame(b"APIC", b"\0" + LINK + b"\0\3\0" + url.encode()))),
        ("linked_tag.mp3", MUST_SUCCEED, lambda: _tagged(frame(b"LINK", b"TIT2" + url.encode() + b"\0"))),
        ("script_command.wma", MUST_SUCCEED, partial(asf_with_command, "URL", url)),
        ("index_outside.avi", ANY_END, partial(avi_index, 2**62, -1, 2**31)),
        ("index_of_itself.avi", ANY_END, avi_index_of_itself),
        ("hls_behind_tag.mp3", NEVER_SUCCEEDS, partial(_list_in_tag, HLS, canary.stream)),
        ("ffconcat_behind_tag.mp3", NEVER_SUCCEEDS, partial(_list_in_tag, FFCONCAT, canary.path.name)),
    )  # fmt: skip
    for name, acceptable, make in references:
        yield Case(name, "reference", acceptable, make)
