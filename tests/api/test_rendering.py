from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.render_pool import Rendering

ROOT = Path(__file__).parents[2]
ORPHANING = """
import asyncio, os, signal
from api.render_pool import Rendering

async def run():
    print(await Rendering().render("os", "getpid"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(run())
"""


@asynccontextmanager
async def opened() -> AsyncIterator[Rendering]:
    rendering = Rendering()
    yield rendering
    await rendering.close()


def test_it_is_done_in_another_process_which_is_started_once() -> None:
    async def run() -> set[int]:
        async with opened() as rendering:
            return {await rendering.render("os", "getpid") for _ in range(3)}

    (number,) = asyncio.run(run())
    assert number != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)  # it has ended with what started it


def test_what_goes_wrong_there_is_raised_here() -> None:
    async def run() -> None:
        async with opened() as rendering:
            await rendering.render("os", "stat", "/is/not/there")

    with pytest.raises(FileNotFoundError):
        asyncio.run(run())


def test_where_the_process_is_killed_another_takes_its_place() -> None:
    async def run() -> tuple[int, list[int]]:
        async with opened() as rendering:
            first = await rendering.render("os", "getpid")
            os.kill(first, signal.SIGKILL)
            # Both are met by its end, or come after it.
            return first, await asyncio.gather(*(rendering.render("os", "getpid") for _ in range(2)))

    first, later = asyncio.run(run())
    assert first not in later


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphaning.py"
    script.write_text(ORPHANING, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    # Its output ends when the last process ends that inherited it, which is the one that draws.
    done = subprocess.run([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip().isdecimal()) == (-signal.SIGKILL, True)
