"""Storage of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.domain.access import ApiKey


class ApiKeyStore(Protocol):
    """API keys by the SHA-256 of their secret, as hex digits."""

    def add(self, key: ApiKey, sha256: str) -> None:
        """Store a new key."""
        ...

    def find(self, sha256: str) -> ApiKey | None:
        """Return the key with this secret, None where there is none or it was revoked."""
        ...

    def find_by_id(self, key_id: str) -> tuple[ApiKey, str] | None:
        """Return a key with the SHA-256 of its secret, None where there is none or it was revoked."""
        ...

    def any(self) -> bool:
        """Return whether a key was ever made, revoked or not. A share link is none."""
        ...

    def list_for_tenant(self, tenant: str, job_id: str | None = None) -> Sequence[ApiKey]:
        """Return a tenant's keys, or the share links of one of its jobs; newest first, revoked ones too."""
        ...

    def revoke(self, tenant: str, key_id: str, now: datetime) -> None:
        """Revoke a key. Raises KeyNotFound."""
        ...
