"""Check that an Ogg file has its end (RFC 3533, section 6). Runs in the decoder's process.

FFmpeg takes the last whole page for the end.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from worker.adapters.decoding.file_piece import FilePiece

_CAPTURE = b"OggS"
_FLAGS_AT = 5
_END_OF_STREAM = 4
_SEGMENTS_AT = 26
_LARGEST_PAGE = 27 + 255 + 255 * 255


def lacks_its_end(file: BinaryIO | FilePiece) -> bool:
    """Return True if the last page is incomplete, or lacks the end-of-stream flag."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LARGEST_PAGE))
    tail = file.read(_LARGEST_PAGE)
    page = tail[max(0, tail.rfind(_CAPTURE)) :]
    if len(page) <= _SEGMENTS_AT:
        return True
    body = _SEGMENTS_AT + 1 + page[_SEGMENTS_AT]
    length = body + sum(page[_SEGMENTS_AT + 1 : body])
    return len(page) < length or not page[_FLAGS_AT] & _END_OF_STREAM
