"""API keys: creation, listing, revocation, and the caller behind a secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import uuid_utils

from shared.domain.access import ANYBODY, ApiKey, Caller, Scope
from shared.domain.errors import InvalidKey, KeyNotFound, Unauthorized
from shared.domain.playback_errors import ShareNotFound
from shared.ports import ApiKeyStore, Clock

_MARK = "emo_"
"""The prefix of all secrets, by which scanners find a key that was left in a file."""
_RANDOM_BYTES = 32
_PREFIX_CHARACTERS = len(_MARK) + 8
_TICKET_S = 6 * 3600
"""Seconds for which a ticket is valid: a player asks for another one after that."""


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Manages API keys and authenticates callers."""

    keys: ApiKeyStore
    clock: Clock

    def create(self, name: str, tenant: str, scopes: Collection[Scope]) -> tuple[ApiKey, str]:
        """Create a key. Returns it with its secret, which is not stored and cannot be shown again."""
        secret = _new_secret()
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
        return self._caller_of(self.keys.find(_digest(secret)))

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

    def share(self, tenant: str, job_id: str, name: str, lasts_s: int) -> tuple[ApiKey, str]:
        """Create a share link: a key that reads one job, for a time. Returns it with its secret, as `create`."""
        secret, now = _new_secret(), self.clock.now()
        key = ApiKey(
            id=f"shr_{uuid_utils.uuid7()}",
            tenant=tenant,
            name=name,
            prefix=secret[:_PREFIX_CHARACTERS],
            scopes=(Scope.READ,),
            created_at=now,
            job_id=job_id,
            expires_at=now + timedelta(seconds=lasts_s),
        )
        self.keys.add(key, _digest(secret))
        return key, secret

    def shares(self, tenant: str, job_id: str) -> Sequence[ApiKey]:
        """Return the share links of a job, newest first, with those that were revoked or have expired."""
        return self.keys.list_for_tenant(tenant, job_id)

    def revoke_share(self, tenant: str, share_id: str) -> None:
        """Revoke a share link. Raises ShareNotFound."""
        try:
            self.keys.revoke(tenant, share_id, self.clock.now())
        except KeyNotFound as error:
            raise ShareNotFound from error

    def ticket(self, caller: Caller, job_id: str) -> str | None:
        """Return a text that stands for the caller's key in the address of a job's sound, None if no key is needed.

        A player sends no header. The ticket opens nothing but that sound, for six hours, and no longer than the key.
        """
        if caller.key_id is None:
            return None
        known = self.keys.find_by_id(caller.key_id)
        if known is None:
            raise InvalidKey
        expires = int(self.clock.now().timestamp()) + _TICKET_S
        return f"{caller.key_id}.{expires}.{_signature(known[1], job_id, str(expires))}"

    def caller_of_ticket(self, ticket: str, job_id: str) -> Caller:
        """Return the caller who got a ticket for the sound of a job. Raises InvalidKey."""
        key_id, _, signed = ticket.partition(".")
        expires, _, signature = signed.partition(".")
        known = self.keys.find_by_id(key_id) if _is_text(ticket) else None
        if known is None or not hmac.compare_digest(signature, _signature(known[1], job_id, expires)):
            raise InvalidKey
        if int(expires) < self.clock.now().timestamp():
            raise InvalidKey
        return self._caller_of(known[0])

    def _caller_of(self, key: ApiKey | None) -> Caller:
        if key is None or (key.expires_at is not None and key.expires_at <= self.clock.now()):
            raise InvalidKey
        return key.caller


def _new_secret() -> str:
    return _MARK + secrets.token_urlsafe(_RANDOM_BYTES)


def _is_text(ticket: str) -> bool:
    return ticket.isascii() and ticket.isprintable()


def _signature(sha256: str, job_id: str, expires: str) -> str:
    """Sign the sound of a job, until a time, by the digest of a key."""
    return hmac.new(sha256.encode(), f"audio {job_id} {expires}".encode(), hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
