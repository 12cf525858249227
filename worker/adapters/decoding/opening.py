"""Open a recording of any format, and one of its sound tracks. Runs in the decoder's process."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.domain.raw_sound import SINGLE_RATES, RawSound
from shared.services.file_type import HEAD_BYTES
from shared.services.unread_formats import describe_unread
from worker.adapters.decoding import remote_file
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.track_choice import choose_track
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
_MOST_CHANNELS = 64
_RATES = range(1_000, 768_000 + 1)
"""Hz."""
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


@contextmanager
def open_track(
    file: BinaryIO, wanted: int | None, raw: RawSound | None
) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a media file from its start, and its sound track number `wanted`, or the one that `choose_track` finds.

    A file that does not begin with the mark of a format is read as `raw` says.

    Raises UnsupportedMedia, NoAudioStream, TrackMissing, UnsupportedAudio.
    """
    container = open_container(file, raw)
    if wanted is None and len(container.streams.audio) > 1:
        container.close()
        wanted = choose_track(partial(open_container, file, raw))
        container = open_container(file, raw)
    with container:
        stream = get_track(container, wanted or 0)
        check_coding(file, container, stream)
        check_limits(stream)
        yield container, stream


def open_container(file: BinaryIO, raw: RawSound | None = None) -> InputContainer:
    """Open a media file from its start, or headerless sound. Raises UnsupportedMedia."""
    # FFmpeg's own protocols are disabled: the file is read through Python.
    options = {"format_whitelist": _MARKED if raw else f"{_MARKED},{_UNMARKED}", "protocol_whitelist": "none"}
    if file.seekable():
        file.seek(0)
    try:
        container = av.open(file, "r", container_options=options)
        contexts = [stream.codec_context for stream in container.streams.audio[:1]]
        if any(context and not context.sample_rate for context in contexts):  # None where FFmpeg has no decoder
            container.close()
            file.seek(0)
            options |= {"analyzeduration": str(_PROBED_S * 1_000_000), "probesize": str(_PROBED_BYTES)}
            container = av.open(file, "r", container_options=options)
    except MEDIA_ERRORS as error:
        if raw:
            return open_raw(file, raw)
        raise UnsupportedMedia(*unread_format(file)) from error
    return container


def open_raw(file: BinaryIO, raw: RawSound) -> InputContainer:
    """Open headerless sound. Raises UnsupportedMedia."""
    options = {"format_whitelist": raw.codec, "protocol_whitelist": "none"}  # the demuxers have the codecs' names
    if raw.codec not in SINGLE_RATES:
        options |= {"sample_rate": str(raw.rate), "ch_layout": f"{raw.channels} channels"}
    file.seek(0)
    try:
        return av.open(file, "r", format=raw.codec, container_options=options)
    except MEDIA_ERRORS as error:
        raise UnsupportedMedia from error


def unread_format(file: BinaryIO) -> Sequence[str]:
    """Read the start of a file and return the sentence about its format, if it is known and not read."""
    if not file.seekable():
        return ()
    file.seek(0)
    sentence = describe_unread(file.read(HEAD_BYTES))
    return (sentence,) if sentence else ()


def get_track(container: InputContainer, number: int = 0) -> AudioStream:
    """Return a sound track by its number. Raises NoAudioStream, TrackMissing."""
    if not container.streams.audio:
        raise NoAudioStream
    if number >= len(container.streams.audio):
        raise TrackMissing
    return container.streams.audio[number]


def check_limits(stream: AudioStream) -> None:
    """Check the sample rate and the number of channels. Raises DecodeFailed if there are none, UnsupportedAudio."""
    try:
        rate, channels = stream.rate, stream.channels
    except (AttributeError, ValueError, TypeError) as error:
        raise DecodeFailed from error
    if rate not in _RATES or not 1 <= channels <= _MOST_CHANNELS:
        raise UnsupportedAudio


def columns_of(stream: AudioStream) -> int:
    """The number of channels to send: FFmpeg mixes those that have places, such as "left" and "LFE", and no others."""
    placed = stream.layout.name != f"{stream.channels} channels"
    return 1 if stream.channels > 2 and placed else stream.channels
