"""`python -m lab.benchmarks.service.load_generator HOST PORT`: send the requests of stdin and print their latencies.

It is a process of its own, and uses little CPU time: clients and service share the cores.
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
    """Requests of one kind over `connections` that stay open.

    `rate` requests a second are sent when they are due, whether or not earlier ones are answered; with `rate` None each
    connection sends the next request after the answer. `body` is the path of a file that each request carries, `key`
    the API key.
    """

    name: str
    method: str
    targets: list[str]
    connections: int
    seconds: float
    key: str
    rate: float | None = None
    body: str | None = None

    def lasting(self, seconds: float) -> dict[str, Any]:
        """Return the stream with another duration, as a document for `json.dumps`."""
        return asdict(self) | {"seconds": seconds}

    def requests(self, host: str) -> list[bytes]:
        """Return the bytes of the HTTP requests, one for each target."""
        content = Path(self.body).read_bytes() if self.body else b""
        kind = "Content-Type: application/octet-stream\r\n" if self.body else ""
        head = f"Host: {host}\r\nAuthorization: Bearer {self.key}\r\n{kind}Content-Length: {len(content)}\r\n\r\n"
        return [f"{self.method} {target} HTTP/1.1\r\n{head}".encode() + content for target in self.targets]


@dataclass(slots=True)
class Answers:
    """The answers of a stream: latencies from the due time of each request, and the seconds until the last answer."""

    name: str
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """A connection with at most one request in flight."""

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
            self._sender.on_answer(self, int(head[9:12]))


class _Sender:
    """The state of a running stream."""

    def __init__(self, stream: Stream, host: str) -> None:
        self.answers = Answers(stream.name)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stream = stream
        self._requests = stream.requests(host)
        self._sent = 0
        self._unfinished = True
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()

    async def run(self, host: str, port: int) -> Answers:
        """Send the stream and wait for all answers."""
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

    def on_answer(self, connection: _Connection, status: int) -> None:
        """Count an answer and send the next request."""
        now = time.perf_counter()
        self.answers.statuses[status] = self.answers.statuses.get(status, 0) + 1
        self.answers.latencies_s.append(now - connection.due)
        self._idle.append(connection)
        if self._stream.rate is None:
            self._unfinished = now < self._started + self._stream.seconds
            if self._unfinished:
                self._due.append(now)
        self._send()

    async def _send_at(self, rate: float) -> None:
        for number in range(round(rate * self._stream.seconds)):
            due = self._started + number / rate
            while (wait_s := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait_s)
            self._due.append(due)
            self._send()
        self._unfinished = False
        self._send()

    def _send(self) -> None:
        """Send due requests on free connections; end the stream when all are answered."""
        while self._due and self._idle:
            connection = self._idle.popleft()
            connection.due = self._due.popleft()
            connection.transport.write(self._requests[self._sent % len(self._requests)])
            self._sent += 1
        if not self._unfinished and len(self._idle) == self._stream.connections and not self.ended.done():
            self.ended.set_result(None)


async def send_streams(host: str, port: int, streams: list[Stream]) -> list[Answers]:
    """Send all streams at the same time and wait for their answers."""
    return await asyncio.gather(*(_Sender(stream, host).run(host, port) for stream in streams))


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    streams = [Stream(**fields) for fields in json.load(sys.stdin)]
    answers = [asdict(answer) for answer in asyncio.run(send_streams(host, port, streams))]
    json.dump({"answers": answers, "cpu_s": time.process_time()}, sys.stdout)


if __name__ == "__main__":
    main()
