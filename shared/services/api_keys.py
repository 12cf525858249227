"""Making API keys, and telling by them who asks."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import uuid_utils

from shared.domain.access import ANYBODY, ApiKey, Caller, Scope
from shared.domain.errors import InvalidKey, Unauthorized
from shared.ports import ApiKeyStore, Clock

_MARK = "emo_"
"""What finds a key that was left in a file."""
_RANDOM_BYTES = 32
_SHOWN = len(_MARK) + 8


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The use case."""

    keys: ApiKeyStore
    clock: Clock

    def create(self, name: str, tenant: str, scopes: Collection[Scope]) -> tuple[ApiKey, str]:
        """A new key and its secret, which is not kept: nobody can be told it again."""
        secret = _MARK + secrets.token_urlsafe(_RANDOM_BYTES)
        key = ApiKey(
            id=f"key_{uuid_utils.uuid7()}",
            tenant=tenant,
            name=name,
            prefix=secret[:_SHOWN],
            scopes=tuple(sorted(scopes)),
            created_at=self.clock.now(),
        )
        self.keys.add(key, _digest(secret))
        return key, secret

    def caller(self, secret: str | None) -> Caller:
        """Who has this secret. Without one, and where no key was ever made, anybody.

        Raises:
            Unauthorized: there are keys, and none was given.
            InvalidKey: it is none of them, or was revoked.
        """
        if secret is None:
            if self.keys.any():
                raise Unauthorized
            return ANYBODY
        # Looked up by its digest: how long that takes tells nothing of the secret.
        key = self.keys.find(_digest(secret))
        if key is None:
            raise InvalidKey
        return key.caller

    @property
    def open(self) -> bool:
        """Whether anybody may do everything, because no key was ever made."""
        return not self.keys.any()

    def list(self, tenant: str) -> Sequence[ApiKey]:
        return self.keys.list_for_tenant(tenant)

    def revoke(self, tenant: str, key_id: str) -> None:
        """Raises KeyNotFound."""
        self.keys.revoke(tenant, key_id, self.clock.now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
