"""First bytes of files: rejects those that are plainly no media, and measures tags. Decoding decides the rest."""

from __future__ import annotations

import puremagic

HEAD_BYTES = 4096
"""Bytes from the start of a file that the check needs."""

_OTHER_FAMILIES = ("text/", "image/", "application/pdf", "application/zip", "application/vnd.", "application/json")
_SOUND = (b"OggS", b"fLaC", b"ID3", b"RIFF", b"\x1aE\xdf\xa3")
"""The beginnings of most recordings, all of them possibly sound. To look through puremagic's 1,400 signatures takes a
tenth of the CPU time of a submission."""
_PLAUSIBLE = 0.4
"""The confidence of puremagic for a signature of four bytes; a match under it is chance."""
TAG_HEAD = 10
"""Bytes of an ID3v2 tag that tell its length."""
_CONTROL_BYTES = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def plainly_not_media(head: bytes) -> bool:
    """Check whether a file that begins with `head` is text, a picture or a document rather than audio or video."""
    return _is_text(head) or (not head.startswith(_SOUND) and _is_other_file(head))


def _is_text(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end in the middle of a character.
        if error.start < len(head) - 3:
            return False
    return not _CONTROL_BYTES.intersection(head)


def _is_other_file(head: bytes) -> bool:
    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return False
    kinds = [match.mime_type for match in matches if match.confidence >= _PLAUSIBLE and match.mime_type]
    return bool(kinds) and all(kind.startswith(_OTHER_FAMILIES) for kind in kinds)


def tag_length(content: bytes, place: int = 0) -> int:
    """Return the length in bytes of the ID3v2 tag that begins at a place in a content; 0 if there is none."""
    head = content[place : place + TAG_HEAD]
    if not head.startswith(b"ID3") or len(head) < TAG_HEAD:
        return 0
    return TAG_HEAD + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
