"""Memory of the API and temporary files during large uploads."""

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
from lab.benchmarks.service.stack import Stack, resident_bytes, run_stack

_BLOCK_BYTES = 1 << 20
_SAMPLE_EVERY_S = 0.1
_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16) + b"data\xff\xff\xff\xff"
)


@dataclass(frozen=True, slots=True)
class UploadCost:
    """The cost of `number` uploads of `size` bytes at the same time.

    `growth` is the peak growth of the API's processes in bytes, `temporary` the largest number of entries in TMPDIR.
    """

    store: str
    number: int
    size: int
    seconds: float
    growth: int
    temporary: int


def measure_uploads(size: int, number: int, on_step: OnStep) -> list[UploadCost]:
    """Measure one and `number` uploads of `size` bytes into a folder, and one into S3."""
    costs = []
    with TemporaryDirectory(prefix="emoline-bench-tmp-") as tmp:
        for store, numbers in {"folder": (1, number), "S3": (1,)}.items():
            with run_stack(store, EMOLINE_MAX_UPLOAD_BYTES=str(size + 2 * _BLOCK_BYTES), TMPDIR=tmp) as stack:
                for simultaneous in numbers:
                    on_step(f"uploads, {store}, {simultaneous} at once", 0, None)
                    costs.append(measure_upload(stack, store, simultaneous, size, Path(tmp)))
    return costs


def measure_upload(stack: Stack, store: str, number: int, size: int, tmp: Path) -> UploadCost:
    """Send `number` uploads of `size` bytes at the same time, and delete their jobs."""
    with stack.run_api() as address:
        for _ in range(8):  # warms up each process
            _send(address, _BLOCK_BYTES)
        before, started = resident_bytes("API"), time.perf_counter()
        with watch_api(tmp) as peak, ThreadPoolExecutor(number) as pool:
            jobs = list(pool.map(lambda _: _send(address, size), range(number)))
        wall_s = time.perf_counter() - started
        for job in jobs:
            connection = HTTPConnection(*address)
            connection.request("DELETE", job)
            connection.getresponse().read()
            connection.close()
    return UploadCost(store, number, size, wall_s, peak.resident - before, peak.temporary)


@dataclass(slots=True)
class _UploadPeak:
    resident: int = 0
    temporary: int = 0


@contextmanager
def watch_api(tmp: Path) -> Iterator[_UploadPeak]:
    """Record the API's peak memory and the peak number of temporary files while the context lasts."""
    peak, context_ended = _UploadPeak(), Event()

    def watch() -> None:
        while not context_ended.wait(_SAMPLE_EVERY_S):
            peak.resident = max(peak.resident, resident_bytes("API"))
            peak.temporary = max(peak.temporary, sum(1 for _ in tmp.iterdir()))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        context_ended.set()
        thread.join()


def _send(address: tuple[str, int], size: int) -> str:
    """Upload a WAV header and `size` bytes of silence; return the job's path."""
    connection = HTTPConnection(*address)
    connection.putrequest("POST", "/v1/jobs?filename=long.wav")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(len(_HEADER) + size))
    connection.endheaders(_HEADER)
    silence = memoryview(bytes(_BLOCK_BYTES))
    for remaining in range(size, 0, -_BLOCK_BYTES):
        connection.send(silence[:remaining])
    answer = connection.getresponse()
    location = answer.getheader("Location")
    if not location:
        raise RuntimeError(f"An upload of the benchmark has failed: {answer.read().decode()}")
    connection.close()
    return location
