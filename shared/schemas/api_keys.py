"""API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.access import ApiKey, Scope
from shared.schemas.fields import REPEATABLE, Printable


class KeyRequest(BaseModel):
    """What a new key is to be."""

    model_config = ConfigDict(extra="forbid")

    name: Printable = Field(min_length=1, max_length=100, description="What it is for.", examples=["nightly import"])
    scopes: Annotated[set[Scope], REPEATABLE] = Field(default={Scope.READ, Scope.WRITE}, min_length=1)


class KeyDocument(BaseModel):
    """An API key without its secret."""

    id: str = Field(examples=["key_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"])
    name: str = Field(examples=["nightly import"])
    tenant: str = Field(examples=["default"])
    prefix: str = Field(examples=["emo_9f2c"])
    """The secret's first characters, to know it by."""
    scopes: list[Scope]
    created_at: datetime = Field(examples=["2026-11-22T09:00:00Z"])
    revoked_at: datetime | None = Field(examples=[None])

    @classmethod
    def from_key(cls, key: ApiKey, **fields: str) -> Self:
        """Return the document of a key; `fields` are those that a subclass adds."""
        return cls(
            id=key.id,
            name=key.name,
            tenant=key.tenant,
            prefix=key.prefix,
            scopes=list(key.scopes),
            created_at=key.created_at,
            revoked_at=key.revoked_at,
            **fields,
        )


class NewKeyDocument(KeyDocument):
    secret: str = Field(examples=["emo_9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60"])
    """The key itself, shown this once."""


class KeyPageDocument(BaseModel):
    data: list[KeyDocument]
    next_cursor: None = None
