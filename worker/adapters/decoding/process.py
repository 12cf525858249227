"""Decode one file, which may be hostile, in a confined process.

The process gets the file open, or a socket over which its parent reads the file. It can open no other file and no
connection, and FFmpeg is limited to formats that do not refer to other files.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing
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
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS, TrackFrames
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.sound_track import SoundTrack
from worker.pipeline.errors import (
    DecodeFailed,
    NoAudioStream,
    PipelineError,
    TooLong,
    UnsupportedAudio,
    UnsupportedMedia,
)

_FORMATS = "wav,w64,mp3,flac,ogg,aac,mov,matroska,webm,asf,amr,aiff,caf,au,avi,flv,mpegts,ac3,wv"
"""Demuxers by FFmpeg's names. No playlists, no concat, no HLS, DASH or SDP: they open the files that they name."""
_NAME = "recording"
"""The file name shown to FFmpeg, without a suffix that it could guess a format from."""
_MOST_CHANNELS = 64
_MOST_PLACED = 8
"""The most channels for which FFmpeg has a default layout, whatever their number."""
_RATES = range(1_000, 768_000 + 1)
"""Hz."""
_MISSING_SHARE = 0.01
_MISSING_S = 0.5
_GUESSED_LENGTH = {"mp3", "aac"}
"""Formats whose length FFmpeg may only guess from the bit rate."""
_GUESS_ERROR = 0.1


def decode(fd: int, max_samples: int, pipe: FramePipe, cores: int) -> None:
    """Confine this process and send the sound of the file that is open as `fd`, or the error, over `pipe`.

    More than `max_samples` at 16 kHz are an error. A long recording is decoded by as many processes as there are cores.
    """
    processes = RangeProcesses(cores)
    confine()
    av.logging.set_level(av.logging.PANIC)
    try:
        _decode(fd, max_samples, pipe, processes)
    except PipelineError as error:
        pipe.send(protocol.FAILED, type(error).__name__.encode())


def _decode(fd: int, max_samples: int, pipe: FramePipe, processes: RangeProcesses) -> None:
    with _open_descriptor(fd) as file, _open_container(file) as container:
        stream = _sound_track(container)
        track = TrackFrames(container, stream, max_samples / SAMPLE_RATE)
        declared = None if track.declared_s is None else round(track.declared_s * SAMPLE_RATE)
        audio_format = {
            "codec": stream.codec_context.codec.canonical_name,
            "sample_rate": stream.rate,
            "channels": stream.channels,
            "duration": declared,
        }
        pipe.send(protocol.FORMAT, json.dumps(audio_format).encode())
        sound = SoundTrack(track, 2 if stream.channels == 2 else 1, processes).sound()
        with processes, closing(sound):
            total = _send_sound(sound, max_samples, pipe)
        truncated = track.cut_short or _falls_short(total, declared, container.format.name)
        if container.format.name == "ogg" and file.seekable():
            truncated |= ogg.lacks_its_end(file)
        warnings = [RecordingWarning.TRUNCATED] if truncated else []
        if track.corrupt:
            warnings.append(RecordingWarning.CORRUPT_AUDIO)
        pipe.send(protocol.END, json.dumps(warnings).encode())


def _open_descriptor(fd: int) -> BinaryIO:
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        return remote_file.open_remote_file(fd, _NAME)
    return open(_NAME, "rb", opener=lambda *_: fd)


def _open_container(file: object) -> InputContainer:
    try:
        # FFmpeg's own protocols are disabled: the file is read through Python.
        return av.open(file, "r", container_options={"format_whitelist": _FORMATS, "protocol_whitelist": "none"})
    except MEDIA_ERRORS as error:
        raise UnsupportedMedia from error


def _sound_track(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise NoAudioStream
    stream = container.streams.audio[0]
    try:
        rate, channels = stream.rate, stream.channels
    except (AttributeError, ValueError, TypeError) as error:  # FFmpeg knows the codec's name, but has no decoder
        raise DecodeFailed from error
    # FFmpeg mixes channels by their places; beyond `_MOST_PLACED` a layout of mere channels has none.
    unmixable = channels > _MOST_PLACED and stream.layout.name == f"{channels} channels"
    if rate not in _RATES or not 1 <= channels <= _MOST_CHANNELS or unmixable:
        raise UnsupportedAudio
    return stream


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


def _falls_short(total: int, declared: int | None, container_format: str) -> bool:
    """Return True if far fewer samples were decoded than declared."""
    if declared is None:
        return False
    share = _GUESS_ERROR if container_format in _GUESSED_LENGTH else _MISSING_SHARE
    return total < declared - max(_MISSING_S * SAMPLE_RATE, share * declared)
