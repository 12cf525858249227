"""The messages from the decoder's process to its parent: tags of frames, and names of errors."""

from __future__ import annotations

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
FAILED = b"X"
"""The name of one of `ERRORS`."""

ERRORS: dict[str, type[PipelineError]] = {
    kind.__name__: kind
    for kind in (UnsupportedMedia, NoAudioStream, TrackMissing, UnsupportedAudio, DecodeFailed, TooLong)
}
