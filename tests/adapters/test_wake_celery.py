"""Wake-ups over a real Redis: few, and nobody's loss when the broker is away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from shared.adapters.celery_wake_ups import CeleryWakeUps, celery_app, queues_that_answer
from shared.ports import Queue
from tests.support.servers.redis import RedisServer
from tests.support.waiting import wait_until


@pytest.fixture
def messages(redis_url: str) -> Iterator[Callable[[Queue], int]]:
    """A function that counts the messages in a queue."""
    with redis.Redis.from_url(redis_url) as client:

        def lying(queue: Queue) -> int:
            number = client.llen(queue.value)
            assert isinstance(number, int)
            return number

        yield lying


def test_many_wake_ups_are_few_messages_and_each_queue_has_its_own(
    redis_url: str, messages: Callable[[Queue], int]
) -> None:
    with CeleryWakeUps(celery_app(redis_url)) as wake_ups:
        for _ in range(1000):
            wake_ups.wake(Queue.PREPARE)
        wait_until(lambda: messages(Queue.PREPARE) > 0)
        assert messages(Queue.PREPARE) <= 2
        assert messages(Queue.INFER) == 0
        wake_ups.wake(Queue.INFER)
        wait_until(lambda: messages(Queue.INFER) == 1)


def test_a_message_says_nothing_but_which_work_and_is_json(redis_url: str, messages: Callable[[Queue], int]) -> None:
    with CeleryWakeUps(celery_app(redis_url)) as wake_ups:
        wake_ups.wake(Queue.FINISH)
        wait_until(lambda: messages(Queue.FINISH) == 1)
    with redis.Redis.from_url(redis_url) as client:
        message = json.loads(client.lindex(Queue.FINISH.value, 0))
    assert message["content-type"] == "application/json"
    assert message["headers"]["task"] == "emoline.finish"
    assert (message["headers"]["argsrepr"], message["headers"]["kwargsrepr"]) == ("()", "{}")


def test_an_unreachable_broker_blocks_no_caller_and_is_used_again() -> None:
    with (
        RedisServer() as server,
        redis.Redis.from_url(server.url) as client,
        CeleryWakeUps(celery_app(server.url)) as wake_ups,
    ):
        wake_ups.wake(Queue.PREPARE)
        wait_until(lambda: client.llen("prepare") == 1)
        server.kill()
        started = time.monotonic()
        for _ in range(100):
            wake_ups.wake(Queue.PREPARE)
        assert time.monotonic() - started < 30
        time.sleep(0.5)  # so that some are lost
        server.start()

        def woken() -> bool:
            wake_ups.wake(Queue.PREPARE)
            return bool(client.llen("prepare"))

        wait_until(woken)


def test_no_queue_answers_where_no_worker_runs(redis_url: str) -> None:
    assert queues_that_answer(celery_app(redis_url)) == set()
