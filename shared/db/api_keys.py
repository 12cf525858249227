"""API keys in a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CursorResult, Engine, select, update

from shared.db.sessions import Sessions
from shared.db.tables import ApiKeyRow
from shared.domain.access import ApiKey, Scope
from shared.domain.errors import KeyNotFound


class SqlApiKeyStore:
    """`shared.ports.ApiKeyStore`."""

    def __init__(self, engine: Engine) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)

    def add(self, key: ApiKey, sha256: str) -> None:
        row = ApiKeyRow(
            id=key.id,
            sha256=sha256,
            tenant=key.tenant,
            name=key.name,
            prefix=key.prefix,
            scopes=[scope.value for scope in key.scopes],
            created_at=key.created_at,
            revoked_at=key.revoked_at,
            job_id=key.job_id,
            expires_at=key.expires_at,
        )
        with self._write.begin() as session:
            session.add(row)

    def find(self, sha256: str) -> ApiKey | None:
        query = select(ApiKeyRow).where(ApiKeyRow.sha256 == sha256, ApiKeyRow.revoked_at.is_(None))
        with self._read() as session:
            row = session.scalar(query)
            return _key_from_row(row) if row else None

    def find_by_id(self, key_id: str) -> tuple[ApiKey, str] | None:
        query = select(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
        with self._read() as session:
            row = session.scalar(query)
            return (_key_from_row(row), row.sha256) if row else None

    def any(self) -> bool:
        with self._read() as session:
            return session.scalar(select(ApiKeyRow.id).where(ApiKeyRow.job_id.is_(None)).limit(1)) is not None

    def list_for_tenant(self, tenant: str, job_id: str | None = None) -> Sequence[ApiKey]:
        of_job = ApiKeyRow.job_id.is_(None) if job_id is None else ApiKeyRow.job_id == job_id
        query = select(ApiKeyRow).where(ApiKeyRow.tenant == tenant, of_job).order_by(ApiKeyRow.id.desc())
        with self._read() as session:
            return [_key_from_row(row) for row in session.scalars(query)]

    def revoke(self, tenant: str, key_id: str, now: datetime) -> None:
        unrevoked = update(ApiKeyRow).where(
            ApiKeyRow.tenant == tenant, ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None)
        )
        with self._write.begin() as session:
            result = session.execute(unrevoked.values(revoked_at=now))
            assert isinstance(result, CursorResult)
            if result.rowcount != 1:
                raise KeyNotFound


def _key_from_row(row: ApiKeyRow) -> ApiKey:
    scopes = tuple(map(Scope, row.scopes))
    return ApiKey(
        row.id, row.tenant, row.name, row.prefix, scopes, row.created_at, row.revoked_at, row.job_id, row.expires_at
    )
