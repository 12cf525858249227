"""Decode one file, which may be hostile, in a confined process.

The process gets the file open, or a socket over which its parent reads the file. It can open no other file and no
connection, and FFmpeg is limited to formats that do not refer to other files.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import BinaryIO

import av
import av.logging
import av.subtitles.codeccontext  # PyAV would import these two for subtitles, when no file can be opened any more
import av.subtitles.stream
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.domain.recording import SAMPLE_RATE, RecordingWarning
from worker.adapters.child_process import FramePipe
from worker.adapters.decoding import ogg, protocol, remote_file
from worker.adapters.decoding.confinement import confine
from worker.adapters.decoding.declared_length import DeclaredLength
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS, TrackFrames
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.sound_track import SoundTrack
from worker.adapters.decoding.track_choice import choose_track
from worker.pipeline.errors import (
    DecodeFailed,
    NoAudioStream,
    PipelineError,
    TooLong,
    TrackMissing,
    UnsupportedAudio,
    UnsupportedMedia,
)

_FORMATS = (
    "wav,w64,mp3,flac,ogg,aac,mov,matroska,webm,asf,amr,aiff,caf,au,avi,flv,mpegts,ac3,wv,nistsphere,voc,tta,mpeg,eac3"
)
"""Demuxers by FFmpeg's names. No playlists, no concat, no HLS, DASH or SDP: they open the files that they name."""
_NAME = "recording"
"""The file name shown to FFmpeg, without a suffix that it could guess a format from."""
_MOST_CHANNELS = 64
_RATES = range(1_000, 768_000 + 1)
"""Hz."""
_PROBED_S = 120
_PROBED_BYTES = 256 << 20
"""How far a file is read whose sound begins long after its pictures, to learn the format of its sound."""


def decode(fd: int, max_samples: int, track: int | None, pipe: FramePipe, cores: int) -> None:
    """Confine this process and send the sound of the file that is open as `fd`, or the error, over `pipe`.

    `track` is the number of the sound track, None to choose one. More than `max_samples` at 16 kHz are an error. A long
    recording is decoded by as many processes as there are cores.
    """
    processes = RangeProcesses(cores)
    confine()
    av.logging.set_level(av.logging.PANIC)
    try:
        _decode(fd, max_samples, track, pipe, processes)
    except PipelineError as error:
        pipe.send(protocol.FAILED, type(error).__name__.encode())


def _decode(fd: int, max_samples: int, wanted: int | None, pipe: FramePipe, processes: RangeProcesses) -> None:
    with _open_descriptor(fd) as file, _open_track(file, wanted) as (container, stream):
        declared = DeclaredLength.of(file, container, stream, max_samples / SAMPLE_RATE)
        track = TrackFrames(container, stream, declared)
        audio_format = {
            "codec": stream.codec_context.codec.canonical_name,
            "sample_rate": stream.rate,
            "channels": stream.channels,
            "duration": None if declared.seconds is None else round(declared.seconds * SAMPLE_RATE),
        }
        columns = _columns(stream)
        pipe.send(protocol.FORMAT, json.dumps({"format": audio_format, "columns": columns}).encode())
        sound = SoundTrack(track, columns, processes).sound()
        with processes, closing(sound):
            total = _send_sound(sound, max_samples, pipe)
        truncated = track.cut_short or declared.is_missed_by(max(total / SAMPLE_RATE, track.pictures_s))
        if container.format.name == "ogg" and file.seekable():
            truncated |= ogg.lacks_its_end(file)
        warnings = [RecordingWarning.TRUNCATED] if truncated else []
        if track.corrupt:
            warnings.append(RecordingWarning.CORRUPT_AUDIO)
        if wanted is None and len(container.streams.audio) > 1:
            warnings.append(RecordingWarning.OTHER_TRACKS)
        pipe.send(protocol.END, json.dumps(warnings).encode())


def _open_descriptor(fd: int) -> BinaryIO:
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        return remote_file.open_remote_file(fd, _NAME)
    return open(_NAME, "rb", opener=lambda *_: fd)


@contextmanager
def _open_track(file: BinaryIO, wanted: int | None) -> Iterator[tuple[InputContainer, AudioStream]]:
    container = _open_container(file)
    if wanted is None and len(container.streams.audio) > 1:
        container.close()
        wanted = choose_track(partial(_open_container, file))
        container = _open_container(file)
    with container:
        yield container, _sound_track(container, wanted or 0)


def _open_container(file: BinaryIO) -> InputContainer:
    """Open a media file from its start. Raises UnsupportedMedia."""
    # FFmpeg's own protocols are disabled: the file is read through Python.
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
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
        raise UnsupportedMedia from error
    return container


def _sound_track(container: InputContainer, number: int = 0) -> AudioStream:
    if not container.streams.audio:
        raise NoAudioStream
    if number >= len(container.streams.audio):
        raise TrackMissing
    stream = container.streams.audio[number]
    try:
        rate, channels = stream.rate, stream.channels
    except (AttributeError, ValueError, TypeError) as error:  # FFmpeg knows the codec's name, but has no decoder
        raise DecodeFailed from error
    if rate not in _RATES or not 1 <= channels <= _MOST_CHANNELS:
        raise UnsupportedAudio
    return stream


def _columns(stream: AudioStream) -> int:
    """The number of channels to send: FFmpeg mixes those that have places, such as "left" and "LFE", and no others."""
    placed = stream.layout.name != f"{stream.channels} channels"
    return 1 if stream.channels > 2 and placed else stream.channels


def _send_sound(sound: Iterator[Sound], max_samples: int, pipe: FramePipe) -> int:
    """Send the sound and return its length in samples at 16 kHz. Raises TooLong, DecodeFailed."""
    total = 0
    for block in sound:
        total += len(block)
        if total > max_samples:
            raise TooLong
        pipe.send(protocol.SOUND, block.astype("<i2", copy=False).data)
    if not total:
        raise DecodeFailed
    return total
