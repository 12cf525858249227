"""Disturbances of the service: parts end or are unreachable, and come back or are replaced."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from tests.chaos.cluster import WORKERS, Cluster

Disturbance = Callable[[Cluster, Random], None]


def one_who_infers_is_killed(cluster: Cluster, random: Random) -> None:
    """Kill a worker that infers as soon as segments are claimed, or after two seconds in which none are."""
    deadline = time.monotonic() + 2
    while not cluster.claimed_batches() and time.monotonic() < deadline:
        time.sleep(0.02)
    one_is_killed("infer")(cluster, random)


def one_is_killed(role: str) -> Disturbance:
    return lambda cluster, random: cluster.kill(role, random.randrange(WORKERS.count(role)))


def the_api_is_killed(cluster: Cluster, random: Random) -> None:
    cluster.kill_api()


def redis_loses_everything(cluster: Cluster, random: Random) -> None:
    cluster.redis.kill()
    time.sleep(random.uniform(0, 1))
    cluster.redis.start()


def redis_is_flushed(cluster: Cluster, random: Random) -> None:
    cluster.redis.flush()


def postgres_is_restarted(cluster: Cluster, random: Random) -> None:
    cluster.postgres.stop_hard()
    time.sleep(random.uniform(0, 1))
    cluster.postgres.start()


def the_store_breaks_off(cluster: Cluster, random: Random) -> None:
    cluster.store.cut(connections=random.randrange(5, 15), after=random.randrange(2000))


def the_store_is_away(cluster: Cluster, random: Random) -> None:
    with cluster.store.away():
        time.sleep(random.uniform(0.5, 2))


DISTURBANCES: list[Disturbance] = [
    one_who_infers_is_killed,
    one_who_infers_is_killed,
    *map(one_is_killed, ("prepare", "finish", "beat")),
    the_api_is_killed,
    redis_loses_everything,
    redis_is_flushed,
    postgres_is_restarted,
    the_store_breaks_off,
    the_store_is_away,
]
