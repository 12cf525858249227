"""Requests are refused while the process has more of them than it can answer in time: the others are then answered."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_of
from api.middleware.request_log import LONG_POLL, UNLOGGED_PATHS
from shared.domain.errors import Overloaded

_SAMPLE_EVERY_S = 0.05
_WINDOW_S = 0.3
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_MOST_DELAY_S, _MOST_DELAY_OF_READS_S = 0.1, 0.2
"""A submission waits for the event loop some five times, a poll some three times. At half of these delays a fifth of
the submissions were refused that would have been answered in 500 ms."""
_FEW = 16
"""Requests in hand that are no overload, whatever else keeps the machine busy; those that wait for a job are none."""
_EVENTS = "/events"


class LoopDelay:
    """The time that the event loop lets whatever is due wait, in seconds: the least of the last moments.

    A burst that is worked off within them is no overload, a queue that stays is one (as in CoDel, RFC 8289). It is
    measured while `wanted` is set: an idle process does not wake for it.
    """

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self._samples: deque[tuple[float, float]] = deque()

    def __call__(self) -> float:
        if not self._samples:
            return 0.0
        return min(delay for _, delay in self._samples)

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[None]:
        """Measure while the context lasts."""
        task = asyncio.create_task(self._measure())
        try:
            yield
        finally:
            task.cancel()

    async def _measure(self) -> None:
        while True:
            await self.wanted.wait()
            self._samples.append((time.monotonic(), 0.0))  # the moment before is no queue
            while self.wanted.is_set():
                due = time.monotonic() + _SAMPLE_EVERY_S
                await asyncio.sleep(_SAMPLE_EVERY_S)
                now = time.monotonic()
                self._samples.append((now, now - due))
                while self._samples[0][0] < now - _WINDOW_S:
                    self._samples.popleft()
            self._samples.clear()


class Overload:
    """Middleware that refuses requests while `delay` is too long: first those that change something, then the others.

    The paths of monitoring are always answered, and so is a client that has the service to itself.
    """

    def __init__(self, app: ASGIApp, delay: LoopDelay) -> None:
        self._app = app
        self._delay = delay
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLOGGED_PATHS:
            await self._app(scope, receive, send)
            return
        most = _MOST_DELAY_OF_READS_S if scope["method"] in _SAFE_METHODS else _MOST_DELAY_S
        if self._in_hand >= _FEW and self._delay() > most:
            await problem_of(Overloaded())(scope, receive, send)
            return
        if scope["path"].endswith(_EVENTS) or LONG_POLL in scope["query_string"]:
            await self._app(scope, receive, send)
            return
        self._in_hand += 1
        self._delay.wanted.set()
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._delay.wanted.clear()
