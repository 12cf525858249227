"""The messages from the decoder's process to its parent: tags of frames, and names of errors."""

from __future__ import annotations

import json

from worker.pipeline.errors import (
    DecodeFailed,
    NoAudioStream,
    PipelineError,
    TooLong,
    TrackMissing,
    UnsupportedAudio,
    UnsupportedMedia,
)

FORMAT = b"F"
"""JSON: `format`, the fields of an `AudioFormat`, and `columns`, the number of columns of the sound."""
SOUND = b"S"
"""Interleaved int16 at 16 kHz, little-endian."""
END = b"E"
"""JSON: the list of warnings."""
UNREADABLE = b"U"
"""The file cannot be read, whatever is in it."""
FAILED = b"X"
"""See `format_error`."""

ERRORS: dict[str, type[PipelineError]] = {
    kind.__name__: kind
    for kind in (UnsupportedMedia, NoAudioStream, TrackMissing, UnsupportedAudio, DecodeFailed, TooLong)
}


def format_error(error: PipelineError) -> bytes:
    """Format one of `ERRORS` as JSON: its name, and its message where it has one."""
    return json.dumps([type(error).__name__, *map(str, error.args)]).encode()


def parse_error(payload: bytes | bytearray) -> PipelineError:
    """Parse what `format_error` has written."""
    name, *arguments = json.loads(payload)
    return ERRORS[name](*arguments)
