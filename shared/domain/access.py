"""Who may do what: API keys, their scopes, and the tenants whose jobs they reach."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.errors import MissingScope
from shared.domain.job import DEFAULT_TENANT


class Scope(StrEnum):
    """What a key is for. `read` looks at jobs and results, `write` submits, corrects, cancels and deletes, `keys`
    manages the tenant's keys."""

    READ = "read"
    WRITE = "write"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a tenant, with what its key allows."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None = None

    def check(self, scopes: Collection[Scope]) -> None:
        """Raises MissingScope unless all of them are allowed."""
        missing = sorted(set(scopes) - self.scopes)
        if missing:
            raise MissingScope(f"The API key lacks the scope {' and '.join(missing)}.")


ANYBODY = Caller(DEFAULT_TENANT, frozenset(Scope))
"""Who asks where there are no keys."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret, of which only `prefix` is shown again."""

    id: str
    tenant: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        return Caller(self.tenant, frozenset(self.scopes), self.id)
