"""API keys, their scopes, and callers."""

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
    """The tenant of a request, with the scopes and the id of its API key, and the one job that a share link is for."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None = None
    job_id: str | None = None

    def check(self, scopes: Collection[Scope]) -> None:
        """Check that the API key has all of `scopes`. Raises MissingScope."""
        missing = sorted(set(scopes) - self.scopes)
        if missing:
            raise MissingScope(f"The API key lacks the scope {' and '.join(missing)}.")

    def check_job(self, job_id: str | None) -> None:
        """Check that the caller may see a job, or with None what is no job's. Raises MissingScope."""
        if self.job_id is not None and self.job_id != job_id:
            raise MissingScope("This link shares one call and nothing else.")


ANYBODY = Caller(DEFAULT_TENANT, frozenset(Scope))
"""The caller where no API key was ever made."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret; `prefix` is the first characters of the secret, for people to recognise it by.

    With a `job_id` it is a share link: it reads that job alone, until `expires_at`.
    """

    id: str
    tenant: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    job_id: str | None = None
    expires_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """The caller that a request with this API key comes from."""
        return Caller(self.tenant, frozenset(self.scopes), self.id, self.job_id)
