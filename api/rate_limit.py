"""The limit on the requests of a tenant, counted over all API processes where the broker is a Redis."""

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
_REDIS_TIMEOUT_S = 0.25
"""Every request waits for Redis, so it must not wait longer than this."""
_OUTAGE_PAUSE_S = 5.0
"""Seconds for which requests pass uncounted before a Redis that did not answer is asked again."""


class RateLimiter:
    """Counts requests in windows of a second. A tenant's window begins with its first request."""

    def __init__(self, requests_per_s: int, broker_url: str | None) -> None:
        self._item = RateLimitItemPerSecond(requests_per_s, namespace="emoline")
        self._pool: ConnectionPool | None = None
        self._storage: RedisStorage | MemoryStorage = MemoryStorage()
        self._paused_until = 0.0
        if broker_url and broker_url.startswith("redis"):
            self._pool = ConnectionPool.from_url(
                broker_url,
                socket_timeout=_REDIS_TIMEOUT_S,
                socket_connect_timeout=_REDIS_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            )
            # The options reach the client as they are, although the library declares narrower types.
            self._storage = RedisStorage(broker_url, True, "redispy", connection_pool=self._pool)  # type: ignore[arg-type]

    async def count(self, tenant: str) -> tuple[bool, Standing] | None:
        """Count a request and return whether it is within the limit, with its standing; None if Redis is away."""
        if time.monotonic() < self._paused_until:
            return None
        try:
            # The library's own fixed window would send Redis two more commands to learn the rest.
            count = await self._storage.incr(self._item.key_for(tenant), self._item.get_expiry())
        except StorageError as error:
            if not self._paused_until:
                _log.warning("rates.not_counted", reason=str(error))
            self._paused_until = time.monotonic() + _OUTAGE_PAUSE_S
            return None
        self._paused_until = 0.0
        quota = self._item.amount
        return count <= quota, Standing("requests", quota, max(0, quota - count), "requests", _WINDOW_S, _WINDOW_S)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool:
            await self._pool.aclose()
