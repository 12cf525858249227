"""How many requests a tenant sends: counted by all processes that answer together, where the broker is a Redis."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.domain.limits import Standing

_log = structlog.get_logger()
_WINDOW_S = 1
_ANSWER_WITHIN_S = 0.25
"""A Redis that takes longer holds up every request."""
_AWAY_S = 5.0
"""Requests are let through uncounted for so long before a Redis that did not answer is asked again."""


class Rates:
    """Counts requests second by second. A tenant's second begins with its first request."""

    def __init__(self, requests_per_s: int, broker_url: str | None) -> None:
        self._item = RateLimitItemPerSecond(requests_per_s, namespace="emoline")
        self._pool = _pool(broker_url) if broker_url and broker_url.startswith("redis") else None
        self._storage = _storage(self._pool, broker_url)
        self._away_until = 0.0

    async def count(self, tenant: str) -> tuple[bool, Standing] | None:
        """Counts a request: whether it is within the limit, and what is left. None where nobody can say."""
        if time.monotonic() < self._away_until:
            return None
        try:
            # What the library's fixed window does, which would ask twice more to learn the rest.
            count = await self._storage.incr(self._item.key_for(tenant), self._item.get_expiry())
        except StorageError as error:
            if not self._away_until:
                _log.warning("rates.not_counted", reason=str(error))
            self._away_until = time.monotonic() + _AWAY_S
            return None
        self._away_until = 0.0
        most = self._item.amount
        return count <= most, Standing("requests", most, max(0, most - count), "requests", _WINDOW_S, _WINDOW_S)

    async def close(self) -> None:
        if self._pool:
            await self._pool.aclose()


def _pool(url: str) -> ConnectionPool:
    return ConnectionPool.from_url(
        url,
        socket_timeout=_ANSWER_WITHIN_S,
        socket_connect_timeout=_ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


def _storage(pool: ConnectionPool | None, url: str | None) -> RedisStorage | MemoryStorage:
    if pool is None or url is None:
        return MemoryStorage()
    # It hands its options to the client as they are, though it says of what types they be.
    return RedisStorage(url, True, "redispy", connection_pool=pool)  # type: ignore[arg-type]
