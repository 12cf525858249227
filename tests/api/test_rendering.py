"""The process in which pictures and reports are rendered."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from asyncio import CancelledError
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import NoneType

import pytest

from api.render_pool import RenderPool
from shared.domain.errors import TooManyPictures
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
RENDERERS = ("jinja2", "matplotlib", "typst", "wordcloud")
ORPHANING = """
import asyncio, os, signal
from api.render_pool import RenderPool

async def run():
    print(await RenderPool().run(os.getpid), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(run())
"""


@asynccontextmanager
async def opened() -> AsyncIterator[RenderPool]:
    pool = RenderPool()
    yield pool
    await pool.close()


def test_functions_run_in_another_process_which_is_started_once() -> None:
    async def run() -> set[int]:
        async with opened() as pool:
            return {await pool.run(os.getpid) for _ in range(3)}

    (process_id,) = asyncio.run(run())
    assert process_id != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)  # it has ended with the pool


def test_an_exception_of_the_function_is_raised_here() -> None:
    async def run() -> None:
        async with opened() as pool:
            await pool.run(os.stat, "/is/not/there")

    with pytest.raises(FileNotFoundError):
        asyncio.run(run())


def test_a_killed_process_is_replaced() -> None:
    async def run() -> tuple[int, list[int]]:
        async with opened() as pool:
            first = await pool.run(os.getpid)
            os.kill(first, signal.SIGKILL)
            # Both calls run into its end, or come after it.
            return first, await asyncio.gather(*(pool.run(os.getpid) for _ in range(2)))

    first, later = asyncio.run(run())
    assert first not in later


def test_the_process_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphaning.py"
    script.write_text(ORPHANING, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    # The output ends when the last process ends that inherited it, which is the rendering one.
    completed = subprocess.run(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S
    )
    assert (completed.returncode, completed.stdout.strip().isdecimal()) == (-signal.SIGKILL, True)


def test_the_api_imports_no_renderer() -> None:
    script = f"import sys, api.app; print(sorted(set({RENDERERS}) & set(sys.modules)))"
    completed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    assert completed.stdout.strip() == "[]"


def test_tenants_have_turns_and_a_tenant_has_few_that_wait() -> None:
    drawn: list[str] = []

    async def draw(pool: RenderPool, tenant: str) -> None:
        async with pool.turn(tenant):
            await asyncio.sleep(0)
            drawn.append(tenant)

    async def run() -> list[BaseException | None]:
        async with opened() as pool:
            many = [asyncio.create_task(draw(pool, "many")) for _ in range(20)]
            await asyncio.sleep(0)
            few = [asyncio.create_task(draw(pool, "few")) for _ in range(2)]
            many[3].cancel()
            outcomes = await asyncio.gather(*many, *few, return_exceptions=True)
            await draw(pool, "last")
            return outcomes

    outcomes = asyncio.run(run())
    assert Counter(map(type, outcomes)) == {NoneType: 18, TooManyPictures: 3, CancelledError: 1}
    assert drawn[:6].count("few") == 2
    assert drawn[-1] == "last"
