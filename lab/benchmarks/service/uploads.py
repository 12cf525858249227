"""What large uploads take of the API's memory and of the folder for temporary files."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from lab.benchmarks.rounds import OnStep
from lab.benchmarks.service.stack import Stack, resident_bytes, stack

_BLOCK_BYTES = 1 << 20
_LOOK_EVERY_S = 0.1
_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16) + b"data\xff\xff\xff\xff"
)


@dataclass(frozen=True, slots=True)
class Uploads:
    """`number` recordings of `size` bytes at the same time. `growth` is the bytes by which the API's processes were
    larger at most than before, `temporary` the entries that were seen in TMPDIR."""

    store: str
    number: int
    size: int
    seconds: float
    growth: int
    temporary: int


def uploads(size: int, number: int, on_step: OnStep) -> list[Uploads]:
    """One, then several at once, into a folder; one into S3."""
    found = []
    with TemporaryDirectory(prefix="emoline-bench-tmp-") as tmp:
        for store, numbers in {"folder": (1, number), "S3": (1,)}.items():
            with stack(store, EMOLINE_MAX_UPLOAD_BYTES=str(size + 2 * _BLOCK_BYTES), TMPDIR=tmp) as servers:
                for each in numbers:
                    on_step(f"uploads, {store}, {each} at once", 0, None)
                    found.append(_upload(servers, store, each, size, Path(tmp)))
    return found


def _upload(servers: Stack, store: str, number: int, size: int, tmp: Path) -> Uploads:
    with servers.api() as address:
        for _ in range(8):  # so that each process has done once what it does
            _send(address, _BLOCK_BYTES)
        before, started = resident_bytes("API"), time.perf_counter()
        with _watched(tmp) as peak, ThreadPoolExecutor(number) as pool:
            jobs = list(pool.map(lambda _: _send(address, size), range(number)))
        taken = time.perf_counter() - started
        for job in jobs:
            _delete(address, job)
    return Uploads(store, number, size, taken, peak.resident - before, peak.temporary)


@dataclass(slots=True)
class _Peak:
    resident: int = 0
    temporary: int = 0


@contextmanager
def _watched(tmp: Path) -> Iterator[_Peak]:
    peak, done = _Peak(), Event()

    def watch() -> None:
        while not done.wait(_LOOK_EVERY_S):
            peak.resident = max(peak.resident, resident_bytes("API"))
            peak.temporary = max(peak.temporary, sum(1 for _ in tmp.iterdir()))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _send(address: tuple[str, int], size: int) -> str:
    """Uploads a WAV header and so many bytes of silence; returns where the job is."""
    connection = HTTPConnection(*address)
    connection.putrequest("POST", "/v1/jobs?filename=long.wav")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(len(_HEADER) + size))
    connection.endheaders(_HEADER)
    silence = memoryview(bytes(_BLOCK_BYTES))
    for left in range(size, 0, -_BLOCK_BYTES):
        connection.send(silence[:left])
    return _location(connection)


def _location(connection: HTTPConnection) -> str:
    answer = connection.getresponse()
    location = answer.getheader("Location")
    if not location:
        raise RuntimeError(f"An upload of the benchmark has failed: {answer.read().decode()}")
    connection.close()
    return location


def _delete(address: tuple[str, int], job: str) -> None:
    connection = HTTPConnection(*address)
    connection.request("DELETE", job)
    connection.getresponse().read()
    connection.close()
