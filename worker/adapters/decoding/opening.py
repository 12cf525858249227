"""Open a recording of any format and its sound tracks. Runs in the decoder's process."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.domain.raw_sound import SINGLE_RATES, RawSound
from shared.services.file_type import HEAD_BYTES
from shared.services.unread_formats import describe_unread
from worker.adapters.decoding import remote_file
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.edit_list import read_edit_lists
from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.unread_sound import check_coding
from worker.pipeline.errors import DecodeFailed, NoAudioStream, TrackMissing, UnsupportedAudio, UnsupportedMedia

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MARKED = "wav,w64,flac,ogg,mov,matroska,webm,asf,amr,aiff,caf,au,avi,flv,wv,nistsphere,voc,tta,sox,dtshd"
"""Demuxers, by FFmpeg's names, of formats that begin with a mark. No playlists, no concat, no HLS, DASH or SDP: they
open the files that they name."""
_UNMARKED = "mp3,aac,mpegts,mpeg,ac3,eac3,dts,gsm"
"""Demuxers of formats that are known by their frames: headerless sound may look like one of them by chance."""
_NAME = "recording"
"""The file name shown to FFmpeg, without a suffix that it could guess a format from."""
MOST_CHANNELS = 64
"""Columns of sound that are sent, of all tracks together."""
_RATES = range(1_000, 768_000 + 1)
"""Hz."""
IGNORE_EDIT_LISTS = "ignore_editlist"
"""The option of a container whose edit lists are followed here and not by FFmpeg."""
_PROBED_S = 120
_PROBED_BYTES = 256 << 20
"""How far a file is read whose sound begins long after its pictures, to learn the format of its sound."""


class LocalFile(io.FileIO):
    """The file that is open as `fd`; `on_error` is called where it cannot be read, which FFmpeg takes for its end."""

    def __init__(self, fd: int, on_error: Callable[[], None]) -> None:
        super().__init__(_NAME, opener=lambda *_: fd)
        self._on_error = on_error

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError:
            self._on_error()
            raise


def open_descriptor(fd: int, on_error: Callable[[], None]) -> BinaryIO:
    """Open the file, or the `FileServer`, that is open as `fd`, to read from it; `on_error` as in `LocalFile`."""
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        return remote_file.open_remote_file(fd, _NAME)
    return io.BufferedReader(LocalFile(fd, on_error))


def open_container(file: BinaryIO | FilePiece, raw: RawSound | None = None) -> InputContainer:
    """Open a media file from its start; one that does not begin with the mark of a format is read as `raw` says.

    Raises UnsupportedMedia.
    """
    # FFmpeg's own protocols are disabled: the file is read through Python.
    options = {"format_whitelist": _MARKED if raw else f"{_MARKED},{_UNMARKED}", "protocol_whitelist": "none"}
    if read_edit_lists(file):
        options[IGNORE_EDIT_LISTS] = "1"
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
        if raw:
            return open_raw(file, raw)
        raise UnsupportedMedia(*unread_format(file)) from error
    return container


def open_raw(file: BinaryIO | FilePiece, raw: RawSound) -> InputContainer:
    """Open headerless sound. Raises UnsupportedMedia."""
    options = {"format_whitelist": raw.codec, "protocol_whitelist": "none"}  # the demuxers have the codecs' names
    if raw.codec not in SINGLE_RATES:
        options |= {"sample_rate": str(raw.rate), "ch_layout": f"{raw.channels} channels"}
    file.seek(0)
    try:
        return av.open(file, "r", format=raw.codec, container_options=options)
    except MEDIA_ERRORS as error:
        raise UnsupportedMedia from error


def unread_format(file: BinaryIO | FilePiece) -> Sequence[str]:
    """Read the start of a file and return the sentence about its format, if it is known and not read."""
    if not file.seekable():
        return ()
    file.seek(0)
    sentence = describe_unread(file.read(HEAD_BYTES))
    return (sentence,) if sentence else ()


def get_track(file: BinaryIO | FilePiece, container: InputContainer, number: int = 0) -> AudioStream:
    """Return a sound track of a file that can be decoded.

    Raises NoAudioStream, TrackMissing, UnsupportedAudio; UnsupportedMedia or DecodeFailed without a decoder for it.
    """
    if not container.streams.audio:
        raise NoAudioStream
    if number >= len(container.streams.audio):
        raise TrackMissing
    stream = container.streams.audio[number]
    check_coding(file, container, stream)
    try:
        rate, channels = stream.rate, stream.channels
    except (AttributeError, ValueError, TypeError) as error:
        raise DecodeFailed from error
    if rate not in _RATES or not 1 <= channels <= MOST_CHANNELS:
        raise UnsupportedAudio
    return stream


def columns_of(stream: AudioStream) -> int:
    """The number of channels to send: FFmpeg mixes those that have places, such as "left" and "LFE", and no others."""
    placed = stream.layout.name != f"{stream.channels} channels"
    return 1 if stream.channels > 2 and placed else stream.channels
