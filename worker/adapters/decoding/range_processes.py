"""Decode ranges in processes that are forked from the decoder's process, and as confined as it is."""

from __future__ import annotations

import math
import os
import socket
import struct
import traceback
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from av.packet import Packet

from worker.adapters.child_process import ChildDied, FramePipe
from worker.adapters.decoding.confinement import close_other_files, forbid_files
from worker.adapters.decoding.range_decoder import Range, RangeCodec, Sound, decode_range

_MOST_CORES = 8
"""More would wait: reading the file and sending the sound on takes an eighth of the time that decoding does."""
_SPARE_PROCESSES = 2
"""Processes that wait to send their range on, while as many as there are cores decode."""
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_ORDER = struct.Struct("!6I")
"""The number of packets and the other fields of a Range. Then follow the sizes and the samples of the packets, as
uint32, and the packets."""
_RANGE, _SOUND, _NONE = b"R", b"S", b"N"


def usable_cores() -> int:
    """The number of cores that this process may use, by its affinity and by the quota of its container."""
    cores = len(os.sched_getaffinity(0))
    if _CPU_QUOTA.exists():
        quota, period = _CPU_QUOTA.read_text().split()
        if quota != "max":
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return cores


class RangeProcesses:
    """Processes for the ranges of one track; with one core, ranges are decoded in this process.

    Make it before the process is confined: no socket can be opened afterwards. The processes start with the first
    range. A context manager that ends them.
    """

    def __init__(self, cores: int) -> None:
        count = min(cores, _MOST_CORES) + _SPARE_PROCESSES if cores > 1 else 0
        self._sockets = [socket.socketpair() for _ in range(count)]
        self._pids: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for ours, theirs in self._sockets:
            ours.close()  # its process ends
            theirs.close()
        for pid in self._pids:
            os.waitpid(pid, 0)

    def decode(self, codec: RangeCodec, parts: Iterable[Range]) -> Generator[tuple[Range, Sound | None]]:
        """Decode ranges ahead, and yield them in order with what `decode_range` returns. `codec` is always the same.

        Raises:
            ChildDied: a process died.
        """
        if not self._sockets:
            yield from ((part, decode_range(codec, part)) for part in parts)
            return
        if not self._pids:
            self._start(codec)
        idle = deque(FramePipe(ours.fileno(), ours.fileno()) for ours, _ in self._sockets)
        under_way: deque[tuple[Range, FramePipe]] = deque()
        try:
            for part in parts:
                first = None
                if not idle:
                    first, pipe = under_way.popleft()
                    idle.append(pipe)
                    sound = _receive_sound(pipe, codec.channels)
                under_way.append((part, idle.popleft()))
                _send_range(under_way[-1][1], part)
                if first:
                    yield first, sound
            while under_way:
                first, pipe = under_way.popleft()
                yield first, _receive_sound(pipe, codec.channels)
        finally:
            for _, pipe in under_way:
                _receive_sound(pipe, codec.channels)

    def _start(self, codec: RangeCodec) -> None:
        for _, theirs in self._sockets:
            pid = os.fork()
            if not pid:
                try:
                    close_other_files(theirs.fileno())
                    forbid_files()
                    _serve(FramePipe(theirs.fileno(), theirs.fileno()), codec)
                except Exception:
                    traceback.print_exc()
                finally:
                    os._exit(0)
            self._pids.append(pid)
        for _, theirs in self._sockets:
            os.dup2(0, theirs.fileno())  # closed, but its number stays taken: no file can be opened in its place


def _send_range(pipe: FramePipe, part: Range) -> None:
    sizes = np.array([packet.size for packet in part.packets], np.uint32)
    fields = _ORDER.pack(len(sizes), part.packets_before, part.skip, part.drop, part.take, part.body)
    samples = np.array(part.samples, np.uint32)
    pipe.send(_RANGE, fields, sizes.tobytes(), samples.tobytes(), b"".join(map(bytes, part.packets)))


def _receive_range(pipe: FramePipe) -> Range:
    _, payload = pipe.receive()
    count, *fields = _ORDER.unpack_from(payload)
    sizes, samples = np.frombuffer(payload, np.uint32, 2 * count, _ORDER.size).reshape(2, count)
    content = memoryview(payload)[_ORDER.size + 2 * sizes.nbytes :]
    ends = np.cumsum(sizes)
    packets = [Packet(bytes(content[end - size : end])) for end, size in zip(ends, sizes, strict=True)]
    return Range(packets, samples.tolist(), *fields)


def _receive_sound(pipe: FramePipe, channels: int) -> Sound | None:
    tag, payload = pipe.receive()
    return np.frombuffer(payload, np.int16).reshape(-1, channels) if tag == _SOUND else None


def _serve(pipe: FramePipe, codec: RangeCodec) -> None:
    """Decode one range after the other until the other end closes."""
    with suppress(ChildDied):
        while True:
            sound = decode_range(codec, _receive_range(pipe))
            if sound is None:
                pipe.send(_NONE)
            else:
                pipe.send(_SOUND, sound.data)
