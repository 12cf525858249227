"""Who asks: API keys in requests, remembered for a moment so that not each of them is a look at the database."""

from __future__ import annotations

from cachetools import TTLCache
from starlette.concurrency import run_in_threadpool

from shared.domain.access import Caller
from shared.services.api_keys import ApiKeys

_REMEMBERED_S = 10.0
"""A key that was revoked may be used for so long yet."""
_MOST_REMEMBERED = 10_000


class Doorkeeper:
    """Tells who asks by their key."""

    def __init__(self, access: ApiKeys) -> None:
        self._access = access
        self._known: TTLCache[str | None, Caller] = TTLCache(_MOST_REMEMBERED, _REMEMBERED_S)

    async def caller(self, secret: str | None) -> Caller:
        """Raises Unauthorized or InvalidKey."""
        caller = self._known.get(secret)
        if caller is None:
            caller = await run_in_threadpool(self._access.caller, secret)
            self._known[secret] = caller
        return caller
