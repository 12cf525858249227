"""Decode one file, which may be hostile, in a confined process.

The process gets the file open, or a socket over which its parent reads the file. It can open no other file and no
connection, and FFmpeg is limited to formats that do not refer to other files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

import av
import av.logging
import av.subtitles.codeccontext  # PyAV would import these two for subtitles, when no file can be opened any more
import av.subtitles.stream

from shared.domain.options import TrackOption
from shared.domain.raw_sound import RawSound
from shared.domain.recording import SAMPLE_RATE
from worker.adapters.child_process import FramePipe
from worker.adapters.decoding import protocol
from worker.adapters.decoding.confinement import confine
from worker.adapters.decoding.opening import open_descriptor
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.recording_reader import RecordingReader
from worker.pipeline.errors import DecodeFailed, PipelineError, TooLong


def decode(fd: int, max_samples: int, track: TrackOption, raw: RawSound | None, pipe: FramePipe, cores: int) -> None:
    """Confine this process and send the sound of the file that is open as `fd`, or the error, over `pipe`.

    `track` is the number of the sound track, `each` for all side by side, None to choose one; `raw` tells how to read
    headerless sound. More than `max_samples` at 16 kHz are an error. A long recording is decoded by as many processes
    as there are cores.
    """
    processes = RangeProcesses(cores)
    confine()
    av.logging.set_level(av.logging.PANIC)
    try:
        _decode(fd, max_samples, track, raw, pipe, processes)
    except PipelineError as error:
        pipe.send(protocol.FAILED, protocol.format_error(error))


def _decode(
    fd: int, max_samples: int, wanted: TrackOption, raw: RawSound | None, pipe: FramePipe, processes: RangeProcesses
) -> None:
    def give_up() -> None:
        pipe.send(protocol.UNREADABLE)
        os._exit(1)

    with open_descriptor(fd, give_up) as file:
        try:
            reader = RecordingReader(file, wanted, raw, max_samples / SAMPLE_RATE, processes)
        except OSError:  # it cannot even be told how long the file is
            give_up()
            raise
        with reader.open() as (audio_format, sound):
            header = {"format": asdict(audio_format), "columns": reader.columns}
            pipe.send(protocol.FORMAT, json.dumps(header).encode())
            with processes, closing(sound):
                _send_sound(sound, max_samples, pipe)
            pipe.send(protocol.END, json.dumps(reader.warnings).encode())


def _send_sound(sound: Iterator[Sound], max_samples: int, pipe: FramePipe) -> None:
    """Send the sound, of `max_samples` at 16 kHz at most. Raises TooLong, DecodeFailed."""
    total = 0
    for block in sound:
        total += len(block)
        if total > max_samples:
            raise TooLong
        pipe.send(protocol.SOUND, block.astype("<i2", copy=False).data)
    if not total:
        raise DecodeFailed
