"""The parent's side of the decoder: `worker.pipeline.ports.AudioDecoder` over a confined process for each file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from shared.domain.recording import SAMPLE_RATE, AudioFormat, RecordingWarning
from worker.adapters.child_process import ChildDied, ChildTimeout, FramePipe
from worker.adapters.decoding import protocol
from worker.adapters.decoding.forked_decoder import decoding
from worker.adapters.decoding.remote_file import FileServer
from worker.pipeline.errors import DecoderCrashed, DecodeTimeout
from worker.pipeline.ports import Samples


class FfmpegDecoder:
    """Reads the first sound track of a file, which the process gets open, or served where it has no descriptor.

    `timeout_s` is how long the process may go without giving anything. What reading a served file raises is raised.
    """

    def __init__(self, max_duration_s: int, timeout_s: float) -> None:
        self._max_samples = max_duration_s * SAMPLE_RATE
        self._timeout_s = timeout_s

    @contextmanager
    def open(self, file: BinaryIO) -> Iterator[FfmpegStream]:
        fd = _descriptor(file)
        if fd is not None:
            with decoding(fd, self._max_samples) as pipe:
                yield FfmpegStream(pipe, self._timeout_s)
            return
        with FileServer(file) as server, decoding(server.fd, self._max_samples) as pipe:
            yield FfmpegStream(pipe, self._timeout_s, server)


class FfmpegStream:
    """`worker.pipeline.ports.AudioStream`."""

    def __init__(self, pipe: FramePipe, timeout_s: float, server: FileServer | None = None) -> None:
        self._pipe = pipe
        self._server = server
        self._timeout_s = timeout_s
        self.warnings: Sequence[RecordingWarning] = ()
        _, payload = self._receive()
        self.format = AudioFormat(**json.loads(payload))

    def blocks(self) -> Iterator[Samples]:
        columns = 2 if self.format.channels == 2 else 1
        while True:
            tag, payload = self._receive()
            if tag == protocol.END:
                self.warnings = [RecordingWarning(value) for value in json.loads(payload)]
                return
            yield np.frombuffer(payload, "<i2").reshape(-1, columns)

    def _receive(self) -> tuple[bytes, bytes]:
        try:
            tag, payload = self._pipe.receive(self._timeout_s)
        except (ChildTimeout, ChildDied) as error:
            if self._server:
                self._server.check(self._timeout_s)  # it may be the store's fault, not the file's
            raise (DecodeTimeout if isinstance(error, ChildTimeout) else DecoderCrashed) from error
        if tag == protocol.FAILED:
            raise protocol.ERRORS[payload.decode()]
        return tag, payload


def _descriptor(file: BinaryIO) -> int | None:
    try:
        return file.fileno()
    except OSError:
        return None
