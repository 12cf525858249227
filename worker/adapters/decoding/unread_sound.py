"""Name the sound of a file that is of a known format but cannot be read. Runs in the decoder's process."""

from __future__ import annotations

from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.services.unread_formats import SHORTENED_SPHERE
from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.wav_header import WavHeader
from worker.pipeline.errors import UnsupportedMedia

PROTECTED = "The file is protected, so that only the programs of its seller can play it; send one without protection."
_PROTECTED_TAGS = {"drms", "enca", "aavd"}
"""Boxes of MP4 for sound from iTunes, by the common encryption of MPEG, from Audible."""
_SEPARATE = "convert the file to WAV (PCM) or FLAC with the program that wrote it."
_AAC, _SPEEX = 0x00FF, 0xA109
"""Codings of WAV by their registered numbers: AAC without headers, Speex."""
_ADTS = b"\xff\xf0"
"""The mark of a frame of AAC with a header; of the second byte the upper half."""
_SMALLEST_SPEEX = 6
"""Bytes of the smallest frame, 2.15 kbit/s."""


def check_coding(file: BinaryIO | FilePiece, container: InputContainer, stream: AudioStream) -> None:
    """Check that the sound of a track can be read.

    Raises:
        UnsupportedMedia: FFmpeg has no decoder for it, it is protected, or its frames cannot be told apart.
    """
    header = WavHeader.read(file) if container.format.name == "wav" else WavHeader()
    context = stream.codec_context
    if context is None:
        number = f" 0x{header.coding:04X} of WAV" if header.coding else ""
        raise UnsupportedMedia(f"The sound of the file is in a coding{number} that Emoline does not read; {_SEPARATE}")
    try:
        tag = context.codec_tag
    except ValueError:  # it is no text
        tag = ""
    if context.codec.name == "shorten":  # FFmpeg's decoder wants the header of a WAV file in it
        raise UnsupportedMedia(SHORTENED_SPHERE)
    if tag in _PROTECTED_TAGS:
        raise UnsupportedMedia(PROTECTED)
    start = bytes(byte & mask for byte, mask in zip(header.data_start, _ADTS, strict=False))
    if header.coding == _AAC and start != _ADTS:
        raise UnsupportedMedia(f"The WAV file holds AAC without the lengths of its frames; {_SEPARATE}")
    if header.coding == _SPEEX and header.block_bytes < _SMALLEST_SPEEX:
        raise UnsupportedMedia(f"The WAV file holds Speex without the length of its frames; {_SEPARATE}")
