"""Requests are refused while the event loop falls behind, those that bring work first, and monitoring never."""

from __future__ import annotations

import asyncio
import time

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.middleware.overload import LoopDelay, Overload
from tests.support.api_client import assert_problem
from tests.support.waiting import PATIENCE_S


class FixedDelay(LoopDelay):
    """A delay that is not measured."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def __call__(self) -> float:
        return self._seconds


def client_of(delay: LoopDelay, held: asyncio.Event) -> httpx2.AsyncClient:
    """Return a client of a service whose loop is delayed so long; answers at `/held` wait for the event."""

    async def answer(request: Request) -> PlainTextResponse:
        if request.url.path.startswith("/held"):
            await held.wait()
        return PlainTextResponse("done")

    app = Overload(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]), delay)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service")


@pytest.mark.parametrize(("delay_s", "post", "get"), [(0.05, 200, 200), (0.15, 503, 200), (0.3, 503, 503)])
def test_the_longer_the_loop_lets_wait_the_more_is_refused(delay_s: float, post: int, get: int) -> None:
    async def run() -> None:
        held = asyncio.Event()
        async with client_of(FixedDelay(delay_s), held) as client:
            assert (await client.post("/jobs")).status_code == 200  # one client alone is no overload
            others = [asyncio.create_task(client.get("/held")) for _ in range(20)]
            await asyncio.sleep(0.05)
            refused = await client.post("/jobs")
            assert refused.status_code == post
            if post == 503:
                assert_problem(refused, 503, "overloaded")
                assert int(refused.headers["Retry-After"]) > 0
            assert (await client.get("/jobs")).status_code == get
            assert (await client.get("/livez")).status_code == 200
            held.set()
            await asyncio.gather(*others)
            assert (await client.post("/jobs")).status_code == 200

    asyncio.run(run())


@pytest.mark.parametrize("waiting", ["/held/events", "/held?wait=30"])
def test_requests_that_wait_for_a_job_are_no_overload(waiting: str) -> None:
    async def run() -> None:
        held = asyncio.Event()
        async with client_of(FixedDelay(0.3), held) as client:
            others = [asyncio.create_task(client.get(waiting)) for _ in range(20)]
            await asyncio.sleep(0.05)
            assert (await client.post("/jobs")).status_code == 200
            held.set()
            assert {answer.status_code for answer in await asyncio.gather(*others)} == {200}

    asyncio.run(run())


def test_a_queue_that_stays_is_a_delay_while_it_is_wanted() -> None:
    async def run() -> tuple[float, float]:
        delay = LoopDelay()
        async with delay.measured():
            delay.wanted.set()
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                time.sleep(0.2)  # as a loop that has too much to do
                await asyncio.sleep(0)
            queue = delay()
            delay.wanted.clear()
            await asyncio.sleep(0.2)
            return queue, delay()

    queue, afterwards = asyncio.run(run())
    assert queue > 0.1
    assert afterwards == 0


def test_the_delay_is_wanted_while_requests_are_in_hand() -> None:
    async def run() -> None:
        held, delay = asyncio.Event(), FixedDelay(0)
        async with client_of(delay, held) as client:
            request = asyncio.create_task(client.get("/held"))
            await asyncio.wait_for(delay.wanted.wait(), PATIENCE_S)
            held.set()
            await request
            assert not delay.wanted.is_set()

    asyncio.run(run())
