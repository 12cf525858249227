"""Decode files with FFmpeg, each in a confined process: the parent's side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from shared.domain.errors import StoreUnavailable
from shared.domain.options import TrackOption
from shared.domain.raw_sound import RawSound
from shared.domain.recording import SAMPLE_RATE, AudioFormat, RecordingWarning, Track
from worker.adapters.child_process import ChildDied, ChildTimeout, FramePipe
from worker.adapters.decoding import protocol
from worker.adapters.decoding.forked_decoder import start_decoder
from worker.adapters.decoding.remote_file import FileServer
from worker.pipeline.errors import DecoderCrashed, DecodeTimeout
from worker.pipeline.ports import Samples


class FfmpegDecoder:
    """`worker.pipeline.ports.AudioDecoder` by FFmpeg.

    The process inherits the file's descriptor; a file without one is read by the parent (`FileServer`), and its errors
    are raised. `timeout_s` is the longest time in seconds without any output of the process.
    """

    def __init__(self, max_duration_s: int, timeout_s: float) -> None:
        self._max_samples = max_duration_s * SAMPLE_RATE
        self._timeout_s = timeout_s

    @contextmanager
    def open(self, file: BinaryIO, track: TrackOption = None, raw: RawSound | None = None) -> Iterator[FfmpegStream]:
        """Decode a sound track of an open file, or each, from the start.

        Raises PipelineError when there is nothing to decode; StoreUnavailable, here and later, when the file cannot be
        read.
        """
        try:
            fd = file.fileno()
        except OSError:
            with FileServer(file) as server, start_decoder(server.fd, self._max_samples, track, raw) as pipe:
                yield FfmpegStream(pipe, self._timeout_s, server)
        else:
            with start_decoder(fd, self._max_samples, track, raw) as pipe:
                yield FfmpegStream(pipe, self._timeout_s)


class FfmpegStream:
    """`worker.pipeline.ports.AudioStream` over the pipe to a decoder's process."""

    def __init__(self, pipe: FramePipe, timeout_s: float, server: FileServer | None = None) -> None:
        self._pipe = pipe
        self._server = server
        self._timeout_s = timeout_s
        self.warnings: Sequence[RecordingWarning] = ()
        _, payload = self._receive()
        header = json.loads(payload)
        lists = {
            "tracks": tuple(Track(**track) for track in header["format"]["tracks"]),
            "track_columns": tuple(header["format"]["track_columns"]),
        }
        self.format = AudioFormat(**(header["format"] | lists))
        self._columns = header["columns"]

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound from its start, [n, columns] at 16 kHz. Raises PipelineError."""
        while True:
            tag, payload = self._receive()
            if tag == protocol.END:
                self.warnings = [RecordingWarning(value) for value in json.loads(payload)]
                return
            yield np.frombuffer(payload, "<i2").reshape(-1, self._columns)

    def _receive(self) -> tuple[bytes, bytearray]:
        try:
            tag, payload = self._pipe.receive(self._timeout_s)
        except (ChildTimeout, ChildDied) as error:
            if self._server:
                self._server.check(self._timeout_s)  # the object store may be at fault, not the file
            raise (DecodeTimeout if isinstance(error, ChildTimeout) else DecoderCrashed) from error
        if tag == protocol.UNREADABLE:
            raise StoreUnavailable("The recording cannot be read.")
        if tag == protocol.FAILED:
            raise protocol.parse_error(payload)
        return tag, payload
