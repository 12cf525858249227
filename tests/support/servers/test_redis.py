from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import redis

from tests.support.servers.redis import RedisServer
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
HOLD = """
import time
import redis
from tests.support.servers.redis import RedisServer
with RedisServer() as server, redis.Redis.from_url(server.url) as client:
    print(server.url, client.config_get("dir")["dir"], flush=True)
    time.sleep(600)
"""


@pytest.fixture(params=[False, True], ids=["forgetful", "append_only"])
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with RedisServer(append_only=request.param) as started:
        yield started


def stopped(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return not client.ping()
    except redis.ConnectionError:
        return True


@pytest.mark.usefixtures("server")  # left out where that is
def test_our_own_redis_and_its_folder_are_gone_after_a_test_run_was_killed() -> None:
    with Popen([sys.executable, "-c", HOLD], stdout=PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        url, folder = process.stdout.readline().split()
        assert not stopped(url)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not Path(folder).exists() and stopped(url))


def test_a_killed_redis_loses_all_data_unless_it_appends_to_a_file(
    server: RedisServer, request: pytest.FixtureRequest
) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("word", "kept")
        server.kill()
        assert stopped(server.url)
        server.start()
        assert client.get("word") == (b"kept" if "append_only" in request.node.name else None)
        client.set("word", "kept")
        server.flush()
        assert client.get("word") is None


def test_each_test_finds_its_database_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("word", "kept")
    assert redis_url.startswith("redis://")


def test_and_so_does_the_next(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
