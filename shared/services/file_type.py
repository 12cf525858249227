"""A first look at an upload. It only turns away what is plainly something else; decoding decides the rest."""

from __future__ import annotations

import puremagic

HEAD_BYTES = 4096
"""Bytes from the start of a file that are enough for a first look."""

_OTHER_FAMILIES = ("text/", "image/", "application/pdf", "application/zip", "application/vnd.", "application/json")
_PLAUSIBLE = 0.4
"""puremagic's confidence for a signature of four bytes; under it a match is chance."""
_CONTROL_BYTES = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def plainly_not_media(head: bytes) -> bool:
    """Whether a file that begins with `head` is text, a picture or a document rather than sound or video."""
    return _is_text(head) or _is_other_file(head)


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
