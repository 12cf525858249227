"""Decode one file, which may be hostile, in a confined process.

The process gets the file open, or a socket over which its parent reads the file. It can open no other file and no
connection, and FFmpeg is limited to formats that do not refer to other files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing

import av
import av.logging
import av.subtitles.codeccontext  # PyAV would import these two for subtitles, when no file can be opened any more
import av.subtitles.stream

from shared.domain.raw_sound import RawSound
from shared.domain.recording import SAMPLE_RATE, RecordingWarning
from worker.adapters.child_process import FramePipe
from worker.adapters.decoding import ogg, protocol
from worker.adapters.decoding.confinement import confine
from worker.adapters.decoding.declared_length import DeclaredLength
from worker.adapters.decoding.decoded_timeline import TrackFrames
from worker.adapters.decoding.opening import columns_of, open_descriptor, open_track
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.sound_track import SoundTrack
from worker.pipeline.errors import DecodeFailed, PipelineError, TooLong


def decode(fd: int, max_samples: int, track: int | None, raw: RawSound | None, pipe: FramePipe, cores: int) -> None:
    """Confine this process and send the sound of the file that is open as `fd`, or the error, over `pipe`.

    `track` is the number of the sound track, None to choose one; `raw` tells how to read headerless sound. More than
    `max_samples` at 16 kHz are an error. A long recording is decoded by as many processes as there are cores.
    """
    processes = RangeProcesses(cores)
    confine()
    av.logging.set_level(av.logging.PANIC)
    try:
        _decode(fd, max_samples, track, raw, pipe, processes)
    except PipelineError as error:
        pipe.send(protocol.FAILED, protocol.format_error(error))


def _decode(
    fd: int, max_samples: int, wanted: int | None, raw: RawSound | None, pipe: FramePipe, processes: RangeProcesses
) -> None:
    def give_up() -> None:
        pipe.send(protocol.UNREADABLE)
        os._exit(1)

    with open_descriptor(fd, give_up) as file, open_track(file, wanted, raw) as (container, stream):
        declared = DeclaredLength.of(file, container, stream, max_samples / SAMPLE_RATE)
        track = TrackFrames(container, stream, declared)
        audio_format = {
            "codec": stream.codec_context.codec.canonical_name,
            "sample_rate": stream.rate,
            "channels": stream.channels,
            "duration": None if declared.seconds is None else round(declared.seconds * SAMPLE_RATE),
        }
        columns = columns_of(stream)
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
