"""Decoding recordings that are not files of this machine: the parent reads them for the decoder's process."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import BinaryIO

import numpy as np
import pytest

from shared.adapters.s3_object_store import S3ObjectStore
from shared.domain.errors import StoreUnavailable
from shared.domain.failure import FailureCode
from shared.domain.recording import SAMPLE_RATE, AudioFormat, RecordingWarning
from tests.support.decoder import DECODER, decoder_pid
from tests.support.media.encode import encode
from tests.support.media.speech import speech_like
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.s3 import S3Server, s3_servers
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.decoding.remote_file import FileServer
from worker.failures import failure_of
from worker.pipeline.errors import DecodeTimeout, UnsupportedMedia
from worker.pipeline.ports import Samples

VOICE = speech_like(20, seed=7).samples[:, None]


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with s3_servers() as servers:
        yield servers["moto"]


def decoded(file: BinaryIO) -> tuple[AudioFormat, Samples, list[RecordingWarning]]:
    with DECODER.open(file) as stream:
        blocks = list(stream.blocks())
        return stream.format, np.concatenate(blocks), list(stream.warnings)


def put_size(store: S3ObjectStore, content: bytes) -> None:
    with store.writer("jobs/a/source") as writer:
        writer.write(content)


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a", "m4a_faststart", "mkv", "opus", "vorbis", "flac", "wma"])
def test_a_remote_file_decodes_like_a_local_file(tmp_path: Path, name: str) -> None:
    encode(VOICE, SAMPLE_RATE, tmp_path / "x", name)
    with (tmp_path / "x").open("rb") as file:
        form, samples, warnings = decoded(file)
    served = decoded(io.BytesIO((tmp_path / "x").read_bytes()))
    assert (served[0], served[2]) == (form, warnings) == (form, [])
    assert np.array_equal(served[1], samples)


@pytest.mark.parametrize("name", ["opus", "vorbis", "wav", "mp3"])
def test_a_served_file_that_lacks_its_end_is_truncated(tmp_path: Path, name: str) -> None:
    encode(VOICE, SAMPLE_RATE, tmp_path / "x", name)
    content = (tmp_path / "x").read_bytes()
    _, samples, warnings = decoded(io.BytesIO(content[: len(content) * 6 // 10]))
    assert 8 * SAMPLE_RATE < len(samples) < 14 * SAMPLE_RATE
    assert warnings == [RecordingWarning.TRUNCATED]


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_a_remote_file_that_is_no_recording_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        decoded(io.BytesIO(content))


@pytest.mark.parametrize("name", ["wav", "m4a", "opus"])
def test_an_object_is_decoded_from_its_store_over_connections_that_break(
    tmp_path: Path, moto: S3Server, name: str
) -> None:
    encode(np.tile(VOICE, (3, 1)), SAMPLE_RATE, tmp_path / "x", name)
    with (tmp_path / "x").open("rb") as file:
        _, samples, _ = decoded(file)
    with CuttingProxy(moto.endpoint_url) as proxy, closing(moto.behind(proxy.url).open()) as store:
        put_size(store, (tmp_path / "x").read_bytes())
        proxy.cut(connections=2, after=50_000)
        with store.open("jobs/a/source") as file:
            assert np.array_equal(decoded(file)[1], samples)
        assert proxy.cuts_left == 0


def test_an_unreachable_store_is_an_outage(tmp_path: Path, moto: S3Server) -> None:
    encode(np.tile(VOICE, (64, 1)), SAMPLE_RATE, tmp_path / "x", "wav")  # more than any buffer on the way holds
    content = (tmp_path / "x").read_bytes()
    with CuttingProxy(moto.endpoint_url) as proxy, closing(moto.behind(proxy.url).open()) as store:
        put_size(store, content)
        proxy.cut(connections=1, after=len(content) // 2)  # the rest is not on its way already
        with store.open("jobs/a/source") as file, DECODER.open(file) as stream:
            blocks = stream.blocks()
            next(blocks)
            proxy.fail()
            with pytest.raises(StoreUnavailable) as error:
                list(blocks)
    failure = failure_of(error.value)
    assert (failure.code, failure.outage) == (FailureCode.STORE_UNAVAILABLE, True)


class FailingFile(io.BytesIO):
    """A file that can be read up to its middle, where it calls `at_the_middle`."""

    def __init__(self, content: bytes, at_the_middle: Callable[[], object]) -> None:
        super().__init__(content)
        self._middle = len(content) // 2
        self._at_the_middle = at_the_middle

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > self._middle:
            self._at_the_middle()
        return super().read(size if size is None or size < 0 else min(size, 4096))


def raise_unavailable() -> None:
    raise StoreUnavailable


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a", "m4a_faststart", "mkv", "opus", "vorbis", "flac", "aac"])
def test_no_format_takes_a_failure_to_read_for_its_end(tmp_path: Path, name: str) -> None:
    encode(VOICE, SAMPLE_RATE, tmp_path / "x", name)
    with pytest.raises(StoreUnavailable):
        decoded(FailingFile((tmp_path / "x").read_bytes(), raise_unavailable))


def test_a_silent_store_is_an_outage_and_not_a_bad_file(tmp_path: Path) -> None:
    encode(VOICE, SAMPLE_RATE, tmp_path / "x", "wav")
    go_on = Event()
    impatient = FfmpegDecoder(max_duration_s=3600, timeout_s=2)
    file = FailingFile((tmp_path / "x").read_bytes(), go_on.wait)
    with pytest.raises(StoreUnavailable) as error, impatient.open(file) as stream:  # noqa: PT012
        try:
            list(stream.blocks())
        finally:
            go_on.set()
    assert failure_of(error.value).outage


@pytest.mark.parametrize(
    ("place", "size", "comes"), [(0, 2**32 - 1, 2**19), (2**64 - 1, 10, 0), (2**20 - 5, 10, 5), (2**20, 1, 0)]
)
def test_a_compromised_decoder_reads_only_its_file(place: int, size: int, comes: int) -> None:
    with FileServer(io.BytesIO(bytes(2**20))) as server, socket.socket(fileno=os.dup(server.fd)) as process:
        assert process.recv(8, socket.MSG_WAITALL) == (2**20).to_bytes(8)
        process.sendall(struct.pack("!QI", place, size))
        assert process.recv(4, socket.MSG_WAITALL) == comes.to_bytes(4)


def test_a_decoder_that_is_slow_after_reading_is_a_decode_timeout(tmp_path: Path) -> None:
    encode(np.tile(VOICE, (16, 1)), SAMPLE_RATE, tmp_path / "x", "wav")
    impatient = FfmpegDecoder(max_duration_s=3600, timeout_s=1)
    with pytest.raises(DecodeTimeout), impatient.open(io.BytesIO((tmp_path / "x").read_bytes())) as stream:  # noqa: PT012
        os.kill(decoder_pid(), signal.SIGSTOP)
        list(stream.blocks())
