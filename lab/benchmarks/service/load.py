"""`python -m lab.benchmarks.service.load HOST PORT`: sends the requests that stdin describes and prints what came back.

A process of its own, and as light as Python has it: what the clients take of the cores, the service cannot have.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests of one kind over `connections` that are kept open: `rate` a second, each sent when it is due whatever
    became of those before, or as many as are answered. `body` is a file that each request carries."""

    name: str
    method: str
    targets: list[str]
    connections: int
    seconds: float
    rate: float | None = None
    body: str | None = None

    def lasting(self, seconds: float) -> dict[str, Any]:
        """The same for another while, as JSON has it."""
        return asdict(self) | {"seconds": seconds}

    def requests(self, host: str) -> list[bytes]:
        content = Path(self.body).read_bytes() if self.body else b""
        kind = "Content-Type: application/octet-stream\r\n" if self.body else ""
        head = f"Host: {host}\r\n{kind}Content-Length: {len(content)}\r\n\r\n"
        return [f"{self.method} {target} HTTP/1.1\r\n{head}".encode() + content for target in self.targets]


@dataclass(slots=True)
class Answers:
    """`latencies_s` are counted from when a request was due; all came back within `seconds`."""

    name: str
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """Sends a request at a time."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._buffer = b""
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self._sender.ended.done():
            self._sender.ended.set_exception(error or ConnectionError("The service has closed a connection."))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[at:].split(b"\r", 1)[0])
        if len(self._buffer) >= end + len(_HEAD_END) + length:
            self._buffer = b""
            self._sender.answered(self, int(head[9:12]))


class _Sender:
    """One stream on its way."""

    def __init__(self, stream: Stream, host: str) -> None:
        self.answers = Answers(stream.name)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stream = stream
        self._requests = stream.requests(host)
        self._sent = 0
        self._more = True
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()

    async def run(self, host: str, port: int) -> Answers:
        loop = asyncio.get_running_loop()
        for _ in range(self._stream.connections):
            _, connection = await loop.create_connection(lambda: _Connection(self), host, port)
            self._idle.append(connection)
        self._started = time.perf_counter()
        if self._stream.rate is None:
            self._due.extend([self._started] * self._stream.connections)
            self._send()
        else:
            await self._send_at(self._stream.rate)
        await self.ended
        self.answers.seconds = time.perf_counter() - self._started
        return self.answers

    def answered(self, connection: _Connection, status: int) -> None:
        now = time.perf_counter()
        self.answers.statuses[status] = self.answers.statuses.get(status, 0) + 1
        self.answers.latencies_s.append(now - connection.due)
        self._idle.append(connection)
        if self._stream.rate is None:
            self._more = now < self._started + self._stream.seconds
            if self._more:
                self._due.append(now)
        self._send()

    async def _send_at(self, rate: float) -> None:
        for number in range(round(rate * self._stream.seconds)):
            due = self._started + number / rate
            while (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            self._due.append(due)
            self._send()
        self._more = False
        self._send()

    def _send(self) -> None:
        """Sends what is due as far as connections are free; the end, when all has been answered."""
        while self._due and self._idle:
            connection = self._idle.popleft()
            connection.due = self._due.popleft()
            connection.transport.write(self._requests[self._sent % len(self._requests)])
            self._sent += 1
        if not self._more and len(self._idle) == self._stream.connections and not self.ended.done():
            self.ended.set_result(None)


async def _run(host: str, port: int, streams: list[Stream]) -> list[Answers]:
    return await asyncio.gather(*(_Sender(stream, host).run(host, port) for stream in streams))


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    streams = [Stream(**each) for each in json.load(sys.stdin)]
    found: list[dict[str, Any]] = [asdict(answers) for answers in asyncio.run(_run(host, port, streams))]
    json.dump({"answers": found, "cpu_s": time.process_time()}, sys.stdout)


if __name__ == "__main__":
    main()
