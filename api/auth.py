"""Authentication of requests by API key."""

from __future__ import annotations

from cachetools import TTLCache

from api.threads import QuickThreads
from shared.domain.access import Caller
from shared.domain.errors import Unauthenticated
from shared.services.api_keys import ApiKeys

REMEMBERED_S = 9.0
"""Seconds for which a revoked key may still work: without a cache every request would be a query. An event stream that
is open notices a second later at most."""
_MAX_REMEMBERED = 10_000


class Authenticator:
    """Identifies callers by their API keys and remembers them for a moment."""

    def __init__(self, api_keys: ApiKeys, threads: QuickThreads, remembered_s: float = REMEMBERED_S) -> None:
        self._api_keys = api_keys
        self._threads = threads
        self._callers: TTLCache[str | None, Caller] = TTLCache(_MAX_REMEMBERED, remembered_s)

    async def authenticate(self, secret: str | None) -> Caller:
        """Return the caller whose API key has this secret. Raises Unauthorized or InvalidKey."""
        caller = self._callers.get(secret)
        if caller is None:
            caller = await self._threads.run(self._api_keys.caller, secret)
            self._callers[secret] = caller
        return caller

    async def is_valid(self, secret: str | None) -> bool:
        """Whether a secret that was accepted before still is. Raises DatabaseUnavailable."""
        try:
            await self.authenticate(secret)
        except Unauthenticated:
            return False
        return True
