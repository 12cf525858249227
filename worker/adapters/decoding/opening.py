"""Open a recording of any format and its sound tracks. Runs in the decoder's process."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from worker.adapters.decoding import remote_file
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.file_piece import FilePiece
from worker.pipeline.errors import DecodeFailed, NoAudioStream, TrackMissing, UnsupportedAudio, UnsupportedMedia

_FORMATS = (
    "wav,w64,mp3,flac,ogg,aac,mov,matroska,webm,asf,amr,aiff,caf,au,avi,flv,mpegts,ac3,wv,nistsphere,voc,tta,mpeg,eac3"
)
"""Demuxers by FFmpeg's names. No playlists, no concat, no HLS, DASH or SDP: they open the files that they name."""
_NAME = "recording"
"""The file name shown to FFmpeg, without a suffix that it could guess a format from."""
MOST_CHANNELS = 64
"""Columns of sound that are sent, of all tracks together."""
_RATES = range(1_000, 768_000 + 1)
"""Hz."""
_PROBED_S = 120
_PROBED_BYTES = 256 << 20
"""How far a file is read whose sound begins long after its pictures, to learn the format of its sound."""


def open_descriptor(fd: int) -> BinaryIO:
    """Open the file, or the `FileServer`, that is open as `fd`, to read from it."""
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        return remote_file.open_remote_file(fd, _NAME)
    return open(_NAME, "rb", opener=lambda *_: fd)


def open_container(file: BinaryIO | FilePiece) -> InputContainer:
    """Open a media file from its start. Raises UnsupportedMedia."""
    # FFmpeg's own protocols are disabled: the file is read through Python.
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
    if file.seekable():
        file.seek(0)
    try:
        container = av.open(file, "r", container_options=options, metadata_errors="replace")
        contexts = [stream.codec_context for stream in container.streams.audio[:1]]
        if any(context and not context.sample_rate for context in contexts):  # None where FFmpeg has no decoder
            container.close()
            file.seek(0)
            options |= {"analyzeduration": str(_PROBED_S * 1_000_000), "probesize": str(_PROBED_BYTES)}
            container = av.open(file, "r", container_options=options, metadata_errors="replace")
    except MEDIA_ERRORS as error:
        raise UnsupportedMedia from error
    return container


def get_track(container: InputContainer, number: int = 0) -> AudioStream:
    """Return a sound track that can be decoded.

    Raises NoAudioStream, TrackMissing, DecodeFailed if FFmpeg has no decoder for it, UnsupportedAudio.
    """
    if not container.streams.audio:
        raise NoAudioStream
    if number >= len(container.streams.audio):
        raise TrackMissing
    stream = container.streams.audio[number]
    try:
        rate, channels = stream.rate, stream.channels
    except (AttributeError, ValueError, TypeError) as error:  # FFmpeg knows the codec's name, but has no decoder
        raise DecodeFailed from error
    if rate not in _RATES or not 1 <= channels <= MOST_CHANNELS:
        raise UnsupportedAudio
    return stream


def columns_of(stream: AudioStream) -> int:
    """The number of channels to send: FFmpeg mixes those that have places, such as "left" and "LFE", and no others."""
    placed = stream.layout.name != f"{stream.channels} channels"
    return 1 if stream.channels > 2 and placed else stream.channels
