"""API keys: creation, listing, revocation, and the caller behind a secret."""

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
"""The prefix of all secrets, by which scanners find a key that was left in a file."""
_RANDOM_BYTES = 32
_PREFIX_CHARACTERS = len(_MARK) + 8


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Manages API keys and authenticates callers."""

    keys: ApiKeyStore
    clock: Clock

    def create(self, name: str, tenant: str, scopes: Collection[Scope]) -> tuple[ApiKey, str]:
        """Create a key. Returns it with its secret, which is not stored and cannot be shown again."""
        secret = _MARK + secrets.token_urlsafe(_RANDOM_BYTES)
        key = ApiKey(
            id=f"key_{uuid_utils.uuid7()}",
            tenant=tenant,
            name=name,
            prefix=secret[:_PREFIX_CHARACTERS],
            scopes=tuple(sorted(scopes)),
            created_at=self.clock.now(),
        )
        self.keys.add(key, _digest(secret))
        return key, secret

    def caller(self, secret: str | None) -> Caller:
        """Return the caller with this secret; `ANYBODY` without a secret if no key was ever made.

        Raises:
            Unauthorized: there are keys, but no secret was sent.
            InvalidKey: no key has this secret, or the key was revoked.
        """
        if secret is None:
            if self.keys.any():
                raise Unauthorized
            return ANYBODY
        # The lookup is by digest, so that its duration reveals nothing of the secret.
        key = self.keys.find(_digest(secret))
        if key is None:
            raise InvalidKey
        return key.caller

    @property
    def open(self) -> bool:
        """Whether everybody may do everything, because no key was ever made."""
        return not self.keys.any()

    def list(self, tenant: str) -> Sequence[ApiKey]:
        """Return the keys of a tenant, newest first, with the revoked ones."""
        return self.keys.list_for_tenant(tenant)

    def revoke(self, tenant: str, key_id: str) -> None:
        """Revoke a key of a tenant. Raises KeyNotFound."""
        self.keys.revoke(tenant, key_id, self.clock.now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
